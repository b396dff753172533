//! `s3newip scan`: the same engine over raw S3 server access logs, without Splunk.
//!
//! ```text
//! files, folders, standard input -> lines -> accesslog -> detector -> table, csv or ndjson on standard output
//! ```
//!
//! Standard output has the result and nothing else. Standard error has the warnings: lines that do not parse, an empty
//! history, a history that could not be written; on a terminal also a progress bar and a summary.

mod arguments;
mod batch;
mod cells;
mod geoip;
mod inputs;
mod intake;
mod lines;
mod output;
mod report;

use std::io::{self, Write};
use std::path::Path;

use crate::detector::{Detector, FinishError, Outcome};
use crate::error::{Error, Exit};
use crate::history::{FileRoute, History, Publication};
use crate::host::Host;
use crate::rules::{KeyFields, Rules};
use crate::text::timestamp::Timestamp;

pub use arguments::ScanArguments;

use geoip::GeoIp;
use inputs::Found;
use intake::Intake;
use report::Report;

/// The folder for rows beyond memory when the history's folder may not be written: on a disk, by the Filesystem
/// Hierarchy Standard.
const SPILL_FOLDER: &str = "/var/tmp";

/// Scans the logs that `arguments` name, writes the result to `out` and returns the exit code.
///
/// # Errors
/// A log or the history cannot be read, or the result cannot be written.
pub fn run(arguments: &ScanArguments, host: &Host, out: &mut dyn Write) -> Result<Exit, Error> {
    let geoip = arguments.geoip.as_deref().map(GeoIp::open).transpose()?;
    let detector = detector(arguments, host)?;
    let Found { inputs, links } = inputs::find(&arguments.paths, detector.history())?;
    let mut intake = Intake::new(detector, arguments.status.clone());
    let progress = report::progress(&inputs);
    intake.read(&inputs, &progress)?;
    progress.finish_and_clear();
    let (detector, counters) = intake.into_parts();
    let mut outcome = finish(detector, arguments, host)?;
    let written = if arguments.seed && outcome.unpublished.is_some() {
        // The one row would count pairs as added that may not have been.
        Ok(())
    } else {
        output::write(arguments, geoip.as_ref(), &mut outcome, out).and_then(|()| out.flush())
    };
    let report = Report::new(arguments, &links, &counters, &outcome, geoip.as_ref());
    // If standard error is closed, the exit code still reports a failure.
    let _ = report.print(&mut io::stderr());
    match written {
        Err(cause) if cause.kind() != io::ErrorKind::BrokenPipe => {
            Err(unwritten(cause, arguments, &outcome))
        }
        _ if outcome.unpublished.is_some() => Ok(Exit::Failed),
        _ => Ok(Exit::Done),
    }
}

/// The error of a result that cannot be written, or whose rows cannot be read back.
fn unwritten(cause: io::Error, arguments: &ScanArguments, outcome: &Outcome) -> Error {
    let learnt = match (&outcome.unpublished, arguments.dry_run) {
        (None, false) => {
            "; the history has learnt these pairs: the next scan shows them with --new window only"
        }
        _ => "",
    };
    cause.downcast().unwrap_or_else(|cause| {
        Error::environment(format!("the result cannot be written: {cause}{learnt}"))
    })
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

fn finish(detector: Detector, arguments: &ScanArguments, host: &Host) -> Result<Outcome, Error> {
    let folder = detector.history().folder().to_owned();
    let holder = format!("process {}, s3newip scan", std::process::id());
    let publication = Publication {
        route: &FileRoute::new(&folder),
        holder: &holder,
        lock_wait: host.lock_wait,
        cancelled: &|| false,
    };
    match detector.finish((!arguments.dry_run).then_some(&publication)) {
        Ok(outcome) => Ok(outcome),
        Err(FinishError::Failed(error)) => Err(error),
        Err(FinishError::Cancelled) => Err(Error::environment("cancelled")),
    }
}
