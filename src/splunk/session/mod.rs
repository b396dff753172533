//! The conversation with splunkd: one reply for each request, and what a run does between them.
//!
//! ```text
//! splunkd                                this process
//! getinfo                           ->
//!                                   <-   type, required_fields          touches no file: splunkd starts several probe
//! end of input                      ->   exit 0                         processes per search that ask no more
//! execute (rows, finished: false)   ->
//!                                   <-   nothing yet, finished: false
//! execute (rows, finished: true)    ->   merges, publishes
//!                                   <-   rows, messages, finished: true
//! ```
//!
//! Each request is read whole before it is answered, or both sides wait for each other. The end of input before the
//! last request, and a reader that is gone, mean that the search was cancelled: nothing is published, exit 0.

mod batch;
mod connection;
mod events;
mod intake;
mod pairs;
mod summary;

use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crate::detector::{Detector, FinishError, Outcome};
use crate::error::{Error, Exit};
use crate::history::{FileRoute, History, Publication, Route};
use crate::host::Host;
use crate::reltime::Zone;
use crate::rules::{Output, Rules};
use crate::splunk::app::App;
use crate::splunk::job_info::JobInfo;
use crate::splunk::message::{Inspector, Kind, Level, Reply, SearchInfo};
use crate::splunk::options::{Options, Publish};
use crate::splunk::rest::RestRoute;
use crate::text::escape;

pub use connection::not_chunked;

use connection::{Abort, Connection};
use events::EventRows;
use intake::Intake;
use pairs::PairRows;
use summary::Summary;

/// How long to read on after a fatal error, so that splunkd can take the reply before the pipe breaks.
const DRAIN: Duration = Duration::from_secs(2);

/// Holds the conversation on `input` and `output` to its end.
///
/// # Errors
/// No reply can say what failed: the first bytes are not those of the protocol, or the rows of a reply broke off.
pub fn run<R, W>(input: R, output: W, host: &Host) -> Result<Exit, Error>
where
    R: Read + Send + 'static,
    W: Write,
{
    let mut connection = Connection::new(input, output);
    match converse(&mut connection, host) {
        Ok(()) | Err(Abort::Cancelled) => Ok(Exit::Done),
        Err(Abort::Unreportable(error)) => Err(error),
        Err(Abort::Failed(error, mut messages)) => {
            messages.push((Level::Error, error.to_string()));
            let reply = Reply {
                inspector: Some(Inspector { messages }),
                finished: Some(true),
                error: Some(error.to_string()),
                ..Reply::default()
            };
            // A reader that is gone needs no reply, and no time to take it.
            if connection.reply(&reply).is_ok() {
                drain(connection.into_input());
            }
            Ok(Exit::Failed)
        }
    }
}

fn converse<R: Read + Send, W: Write>(
    connection: &mut Connection<R, W>,
    host: &Host,
) -> Result<(), Abort> {
    let Some(getinfo) = connection.receive_first()? else {
        return Ok(());
    };
    let preview = getinfo.preview();
    let info = getinfo.into_search_info();
    let options = Options::parse(info.args())?;
    // The search's own now() is not known yet, and will not be far from the clock: a window that leads out of the calendar
    // is refused before the search starts.
    options.threshold(host.clock, &Zone::utc())?;
    connection.reply(&capabilities(&options))?;
    let Some(mut request) = connection.receive()? else {
        return Ok(());
    };
    let mut search = Search::start(info, options, preview, host)?;
    loop {
        let length = connection.body().length();
        search.intake.read_chunk(connection.body(), length)?;
        if request.finished() {
            return search.finish(connection);
        }
        connection.reply(&Reply {
            finished: Some(false),
            ..Reply::default()
        })?;
        match connection.receive()? {
            Some(next) => request = next,
            None => return Ok(()),
        }
    }
}

/// The answer to getinfo.
fn capabilities(options: &Options) -> Reply {
    let reporting = options.seed || options.output == Output::Pairs;
    let mut fields = options.by.names().to_vec();
    for column in intake::fields(reporting) {
        if !fields.iter().any(|field| field == column) {
            fields.push(column.to_owned());
        }
    }
    Reply {
        kind: Some(if reporting {
            Kind::Reporting
        } else {
            Kind::Events
        }),
        required_fields: Some(fields),
        ..Reply::default()
    }
}

/// A search under way.
struct Search<'a> {
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
    fn start(
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
        let publish = options.publish;
        Ok(Self {
            intake: Intake::new(detector, &options),
            options,
            preview,
            holder: format!(
                "process {}, search {}",
                std::process::id(),
                escape::quoted(info.sid().as_bytes())
            ),
            rest: rest_route(&app, info, publish, job.in_cluster)?,
            host,
            started,
        })
    }

    /// Merges, publishes, and answers the last request.
    fn finish<R: Read, W: Write>(self, connection: &mut Connection<R, W>) -> Result<(), Abort> {
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
        let reply = Reply {
            inspector: Some(Inspector { messages }),
            finished: Some(true),
            ..Reply::default()
        };
        answer(connection, &reply, &options, &headers, &mut outcome)
    }
}

/// Sends the last reply with its rows.
fn answer<R: Read, W: Write>(
    connection: &mut Connection<R, W>,
    reply: &Reply,
    options: &Options,
    headers: &[intake::ChunkHeader],
    outcome: &mut Outcome,
) -> Result<(), Abort> {
    if options.seed {
        return connection.reply_with(reply, &summary::seed_row(outcome));
    }
    match options.output {
        Output::Pairs => {
            let rows = PairRows::new(headers, options.by.names(), outcome)?;
            connection.reply_each(reply, |visit| rows.each(outcome, visit))
        }
        Output::Events | Output::All => {
            let rows = EventRows::new(headers, options.by.names());
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

/// Where rows beyond memory go: the search's dispatch folder, else beside the lookup.
fn spill_folder(info: &SearchInfo, history: &History) -> PathBuf {
    match info.dispatch_dir() {
        Some(folder) if folder.is_dir() => folder,
        _ => history.folder().to_owned(),
    }
}

/// Reads what still comes, at most for [`DRAIN`].
fn drain(mut input: impl Read + Send + 'static) {
    let (done, wait) = mpsc::channel();
    let read_on = move || {
        let copied = io::copy(&mut input, &mut io::sink());
        // Nobody listens any more once the time is up.
        let _ = done.send(copied.is_ok());
    };
    // Where there is no thread to be had nothing is sent, and nothing is waited for.
    let _ = thread::Builder::new().spawn(read_on);
    let _ = wait.recv_timeout(DRAIN);
}
