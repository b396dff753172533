//! `s3newip scan`: the same engine over raw S3 server access logs, without Splunk.
//!
//! ```text
//! files, folders, standard input -> lines -> accesslog -> detector -> table, csv or ndjson on standard output
//! ```
//!
//! What was not shown is not learnt: the history is read, the result decided and shown, and only then the history written.
//! `--seed` shows nothing but what the writing did, and so writes first.
//!
//! Standard output has the result and nothing else. Standard error has the warnings: files that cannot be read, lines that do not parse, an empty
//! history, a history that could not be written; on a terminal also a progress bar and a summary.

mod arguments;
mod batch;
mod cells;
mod content;
mod geoip;
mod inputs;
mod intake;
mod interruption;
mod lines;
mod output;
mod publish;
mod report;

use std::io::{self, Write};
use std::path::Path;

use crate::detector::{Detector, Outcome};
use crate::error::{Error, Exit};
use crate::history::History;
use crate::host::Host;
use crate::rules::{KeyFields, Rules};
use crate::text::timestamp::Timestamp;

pub use arguments::ScanArguments;
pub use interruption::Interruption;

use geoip::GeoIp;
use inputs::Found;
use intake::{Intake, LineCounters};
use interruption::Fate;
use publish::{Published, Stop, Writer, unshown};
use report::Report;

/// The folder for rows beyond memory when the history's folder may not be written: on a disk, by the Filesystem
/// Hierarchy Standard.
const SPILL_FOLDER: &str = "/var/tmp";

/// Scans the logs that `arguments` name, writes the result to `out` and returns the exit code. The history learns what was
/// written once `out` is flushed. `interruption` ends the scan by a signal.
///
/// # Errors
/// The history cannot be read, or the result cannot be written. A log that cannot be read is named on standard error, and
/// the exit code is [`Exit::Failed`]; the others are read and learnt.
pub fn run(
    arguments: &ScanArguments,
    host: &Host,
    interruption: &Interruption,
    out: &mut dyn Write,
) -> Result<Exit, Error> {
    let geoip = arguments.geoip.as_deref().map(GeoIp::open).transpose()?;
    let detector = detector(arguments, host)?;
    let mut found = inputs::find(&arguments.paths, detector.history());
    let mut intake = Intake::new(detector, arguments.status.clone());
    for sentence in std::mem::take(&mut found.unreadable) {
        intake.add_unreadable(sentence);
    }
    let progress = report::progress(&found.inputs);
    intake.read(&found.inputs, &progress)?;
    progress.finish_and_clear();
    let (detector, counters) = intake.into_parts();
    let logs = Logs {
        arguments,
        geoip: geoip.as_ref(),
        found: &found,
        counters: &counters,
    };
    let writer = Writer {
        arguments,
        host,
        interruption,
    };
    let ended = if arguments.seed {
        logs.learn(writer, detector, out)
    } else {
        logs.show_and_learn(writer, detector, out)
    };
    ended.or_else(|stop| match stop {
        Stop::Failed(error) => Err(error),
        Stop::Interrupted(message, exit) => {
            // If standard error is closed, the exit code still tells.
            let _ = writeln!(io::stderr(), "s3newip: {message}");
            Ok(exit)
        }
    })
}

/// Logs that were read, as far as that goes.
struct Logs<'a> {
    arguments: &'a ScanArguments,
    geoip: Option<&'a GeoIp>,
    found: &'a Found,
    counters: &'a LineCounters,
}

impl Logs<'_> {
    /// Shows what is new in them, then has the history learn it.
    fn show_and_learn(
        self,
        writer: Writer<'_>,
        detector: Detector,
        out: &mut dyn Write,
    ) -> Result<Exit, Stop> {
        let mut outcome = writer.compare(detector)?;
        let written = self.write(&mut outcome, out);
        let report = self.report(&outcome);
        let published = match written {
            Ok(()) => writer.publish_shown(outcome),
            Err(cause) => Err(unwritten(cause, Fate::AsItWas).into()),
        };
        report.print(published.as_ref().unwrap_or(&Published::NotWanted));
        published.map(|published| self.exit(&published))
    }

    /// Has the history learn them, then shows what that did.
    fn learn(
        self,
        writer: Writer<'_>,
        detector: Detector,
        out: &mut dyn Write,
    ) -> Result<Exit, Stop> {
        let (mut outcome, published) = writer.learn(detector)?;
        let written = match published {
            // The one row would count pairs as added that may not have been.
            Published::Failed(_) => Ok(()),
            Published::NotWanted | Published::Done(_) => self.write(&mut outcome, out),
        };
        self.report(&outcome).print(&published);
        written.map_err(|cause| unwritten(cause, published.fate()))?;
        Ok(self.exit(&published))
    }

    /// The exit code, where the result was written.
    fn exit(&self, published: &Published) -> Exit {
        match published {
            Published::Failed(_) => Exit::Failed,
            _ if self.counters.unreadable_count > 0 => Exit::Failed,
            Published::NotWanted | Published::Done(_) => Exit::Done,
        }
    }

    fn write(&self, outcome: &mut Outcome, out: &mut dyn Write) -> io::Result<()> {
        output::write(self.arguments, self.geoip, outcome, out)?;
        out.flush()
    }

    fn report(&self, outcome: &Outcome) -> Report {
        Report::new(
            self.arguments,
            self.found,
            self.counters,
            outcome,
            self.geoip,
        )
    }
}

/// The error of a result that cannot be written, or whose rows cannot be read back.
fn unwritten(cause: io::Error, fate: Fate) -> Error {
    match cause.downcast::<Error>() {
        Ok(error) => error
            .with_remedy("check that disk, then scan again")
            .with_nothing_written(),
        Err(cause) => unshown(fate, cause),
    }
}

fn detector(arguments: &ScanArguments, host: &Host) -> Result<Detector, Error> {
    let now = arguments.now.unwrap_or(host.clock);
    let threshold = arguments
        .window
        .resolve(now, &(host.zone)())
        .map_err(Error::user)?;
    let history = History::new(&arguments.lookup, KeyFields::default().names())
        .map_err(Error::with_nothing_written)?;
    let rules = Rules {
        new: arguments.new,
        threshold: Timestamp::from_seconds(threshold),
        output: arguments.output,
        max_events: arguments.max_events,
        seed: arguments.seed,
    };
    let spill_folder = spill_folder(history.folder()).to_owned();
    Ok(Detector::new(rules, history, &host.seed, &spill_folder))
}

/// The history's folder, if a file can be made there.
fn spill_folder(folder: &Path) -> &Path {
    match tempfile::tempfile_in(folder) {
        Ok(_) => folder,
        Err(_) => Path::new(SPILL_FOLDER),
    }
}
