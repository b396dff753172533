//! One search, from its first rows to the last reply.

use std::io::{Read, Write};
use std::path::PathBuf;
use std::time::Instant;

use super::connection::{Abort, Connection};
use super::events::EventRows;
use super::header::ChunkHeader;
use super::intake::Intake;
use super::pairs::PairRows;
use super::summary::{self, Summary};
use crate::detector::{Counters, Detector, FinishError, Outcome};
use crate::error::Error;
use crate::history::{FileRoute, History, Publication, Route};
use crate::host::Host;
use crate::rules::{Output, Rules};
use crate::splunk::app::App;
use crate::splunk::job_info::JobInfo;
use crate::splunk::message::{Inspector, Reply, SearchInfo};
use crate::splunk::options::{Options, Publish};
use crate::splunk::rest::RestRoute;
use crate::text::escape;

/// How many times as long a search waits for the lock that publishes through splunkd, as the one that has it nearly
/// always does too: it may wait 15 seconds for each of four answers, and pause between them.
const REST_PATIENCE: u32 = 3;

/// A search under way.
pub(super) struct Search<'a> {
    intake: Intake,
    options: Options,
    preview: bool,
    /// `None` where the history is published as a file.
    rest: Option<RestRoute>,
    holder: String,
    host: &'a Host,
    started: Instant,
}

impl<'a> Search<'a> {
    /// Begins the search that `info` describes.
    ///
    /// # Errors
    /// The window leads out of the calendar, or the app or its history cannot be used.
    pub(super) fn start(
        info: SearchInfo,
        options: Options,
        preview: bool,
        host: &'a Host,
    ) -> Result<Self, Error> {
        let started = Instant::now();
        let job = JobInfo::read(info.dispatch_dir().as_deref());
        let now = job.now(info.sid(), host.clock);
        let threshold = options.threshold(now, &job.zone(host.zone))?;
        let app = App::of(&host.executable)?;
        let history = app.history(&options.lookup, options.by.names())?;
        let rules = Rules {
            new: options.new,
            threshold,
            output: options.output,
            max_events: options.max_events,
            seed: options.seed,
        };
        let spill_folder = spill_folder(&info, &history);
        let detector = Detector::new(rules, history, &host.seed, &spill_folder);
        let sid = escape::quoted(info.sid().as_bytes());
        let rest = rest_route(&app, info, options.publish, job.in_cluster)?;
        let through = rest
            .as_ref()
            .map_or("", |_| ", which publishes through splunkd");
        Ok(Self {
            intake: Intake::new(detector, &options),
            options,
            preview,
            holder: format!("process {}, search {sid}{through}", std::process::id()),
            rest,
            host,
            started,
        })
    }

    /// Reads the rows of one chunk, `length` bytes of CSV.
    pub(super) fn read_chunk(&mut self, body: impl Read + Send, length: u64) -> Result<(), Abort> {
        self.intake.read_chunk(body, length)
    }

    /// Merges, publishes, and answers the last request.
    pub(super) fn finish<R: Read, W: Write>(
        self,
        connection: &mut Connection<R, W>,
    ) -> Result<(), Abort> {
        let Self {
            intake,
            options,
            host,
            ..
        } = self;
        let (detector, headers, counters) = intake.into_parts();
        let lookup = options.lookup.clone();
        let folder = detector.history().folder().to_owned();
        let file = FileRoute::new(&folder);
        let publication = Publication {
            route: self.rest.as_ref().map_or(&file as &dyn Route, |rest| rest),
            holder: &self.holder,
            lock_wait: match self.rest {
                Some(_) => host.lock_wait * REST_PATIENCE,
                None => host.lock_wait,
            },
            cancelled: &host.hung_up,
        };
        let writes = options.update && !self.preview;
        let mut outcome = match detector.finish(writes.then_some(&publication)) {
            Ok(outcome) => outcome,
            Err(FinishError::Cancelled) => return Err(Abort::Cancelled),
            Err(FinishError::Failed(error)) => return Err(error.into()),
        };
        let summary = Summary {
            options: &options,
            counters: &counters,
            outcome: &outcome,
            lookup: lookup.as_str(),
            preview: self.preview,
            elapsed: self.started.elapsed(),
        };
        let messages = summary.messages();
        if let (true, Some(failure)) = (options.seed, &outcome.unpublished) {
            let error = Error::environment(summary::not_learnt(failure));
            return Err(Abort::Failed(error, messages));
        }
        let rows = InputRows {
            options: &options,
            headers: &headers,
            counters: &counters,
        };
        let reply = Reply {
            inspector: Some(Inspector { messages }),
            finished: Some(true),
            ..Reply::default()
        };
        answer(connection, &reply, &rows, &mut outcome)
    }
}

/// The rows that came in.
struct InputRows<'a> {
    options: &'a Options,
    headers: &'a [ChunkHeader],
    counters: &'a Counters,
}

/// Sends the last reply with its rows.
fn answer<R: Read, W: Write>(
    connection: &mut Connection<R, W>,
    reply: &Reply,
    rows: &InputRows<'_>,
    outcome: &mut Outcome,
) -> Result<(), Abort> {
    let InputRows {
        options,
        headers,
        counters,
    } = rows;
    if options.seed {
        return connection.reply_with(reply, &summary::seed_row(outcome));
    }
    match options.output {
        Output::Pairs => {
            let rows = PairRows::new(headers, options.by.names(), counters, outcome)?;
            connection.reply_each(reply, |visit| rows.each(outcome, visit))
        }
        Output::Events | Output::All => {
            let rows = EventRows::new(headers, options.by.names(), counters);
            connection.reply_each(reply, |visit| rows.each(outcome, visit))
        }
    }
}

/// The route through splunkd, where `publish` asks for it or the search runs in a search head cluster: there a file on
/// one member's disk reaches no other member.
fn rest_route(
    app: &App,
    info: SearchInfo,
    publish: Publish,
    in_cluster: bool,
) -> Result<Option<RestRoute>, Error> {
    match publish {
        Publish::Auto if !in_cluster => return Ok(None),
        Publish::File => return Ok(None),
        Publish::Auto | Publish::Rest => {}
    }
    let (uri, dispatch_dir) = (info.splunkd_uri().to_owned(), info.dispatch_dir());
    RestRoute::new(app, &uri, info.into_session_key(), dispatch_dir.as_deref()).map(Some)
}

/// The folder for rows beyond memory: the search's dispatch folder, else the lookup's.
fn spill_folder(info: &SearchInfo, history: &History) -> PathBuf {
    match info.dispatch_dir() {
        Some(folder) if folder.is_dir() => folder,
        _ => history.folder().to_owned(),
    }
}
