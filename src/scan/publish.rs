//! The scan's way to write the history, and what is said of it.

use std::path::Path;

use super::arguments::ScanArguments;
use super::interruption::{Fate, Interruption};
use crate::detector::{Detector, FinishError, Outcome};
use crate::error::{Error, Exit};
use crate::history::{Failure, FileRoute, Merged, Publication, PublishError};
use crate::host::Host;

/// What a scan has made of the history.
#[derive(Debug)]
pub(super) enum Published {
    /// Nothing was to be written.
    NotWanted,
    /// The history holds what the scan saw.
    Done(Merged),
    /// It does not, or that is not certain.
    Failed(Failure),
}

impl Published {
    pub(super) fn fate(&self) -> Fate {
        match self {
            Self::Done(merged) if merged.is_change() => Fate::Written,
            Self::Failed(failure) if failure.uncertain => Fate::Uncertain,
            _ => Fate::AsItWas,
        }
    }
}

/// Why a scan ends before its end.
#[derive(Debug)]
pub(super) enum Stop {
    /// The error.
    Failed(Error),
    /// A signal: its message and its exit code.
    Interrupted(String, Exit),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// Who writes, and what can stop it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Writer<'a> {
    pub(super) arguments: &'a ScanArguments,
    pub(super) host: &'a Host,
    pub(super) interruption: &'a Interruption,
}

impl Writer<'_> {
    /// Learns what `detector` has seen, without showing it first.
    ///
    /// # Errors
    /// See [`Stop`].
    pub(super) fn learn(self, detector: Detector) -> Result<(Outcome, Published), Stop> {
        if self.arguments.dry_run {
            return Ok((self.compare(detector)?, Published::NotWanted));
        }
        let folder = detector.history().folder().to_owned();
        let interrupted = || self.interruption.is_interrupted();
        let learn = |publication: &Publication<'_>| {
            let mut outcome = detector.finish(Some(publication))?;
            let published = match outcome.unpublished.take() {
                None => Published::Done(outcome.merged),
                Some(failure) => Published::Failed(failure),
            };
            Ok((outcome, published))
        };
        self.publish(&folder, &interrupted, learn, |learnt| learnt.1.fate())
    }

    /// Reads the history, to decide what is new.
    ///
    /// # Errors
    /// The history cannot be read.
    pub(super) fn compare(self, detector: Detector) -> Result<Outcome, Stop> {
        detector.finish(None).map_err(stopped)
    }

    /// Has the history learn what was shown of `outcome`. A reader of standard output that hangs up meanwhile has not seen
    /// all of it.
    ///
    /// # Errors
    /// See [`Stop`].
    pub(super) fn publish_shown(self, outcome: Outcome) -> Result<Published, Stop> {
        if self.arguments.dry_run {
            return Ok(Published::NotWanted);
        }
        if !outcome.merged.is_change() {
            return Ok(Published::Done(outcome.merged));
        }
        let folder = outcome.history().folder().to_owned();
        let gone = || self.interruption.is_interrupted() || (self.host.hung_up)();
        let publish = |publication: &Publication<'_>| match outcome.publish(publication) {
            Ok(merged) => Ok(Published::Done(merged)),
            Err(PublishError::Failed(failure)) => Ok(Published::Failed(failure)),
            Err(PublishError::History(error)) => {
                Err(FinishError::Failed(error.with_nothing_written()))
            }
            Err(PublishError::Cancelled) => Err(FinishError::Cancelled),
        };
        self.publish(&folder, &gone, publish, Published::fate)
    }

    /// Calls `publish`, which `cancelled` ends; `fate` tells from its result what has become of the history.
    fn publish<T>(
        self,
        folder: &Path,
        cancelled: &dyn Fn() -> bool,
        publish: impl FnOnce(&Publication<'_>) -> Result<T, FinishError>,
        fate: impl FnOnce(&T) -> Fate,
    ) -> Result<T, Stop> {
        let publication = Publication {
            route: &FileRoute::new(folder),
            holder: &format!("process {}, s3newip scan", std::process::id()),
            lock_wait: self.host.lock_wait,
            cancelled,
        };
        let fate = |published: &Result<T, _>| published.as_ref().map_or(Fate::AsItWas, fate);
        let publish = || publish(&publication);
        match self.interruption.publishing(publish, fate) {
            (_, Some((message, exit))) => Err(Stop::Interrupted(message, exit)),
            (published, None) => published.map_err(stopped),
        }
    }
}

/// Without a signal, only a reader that is gone cancels.
fn stopped(error: FinishError) -> Stop {
    Stop::Failed(match error {
        FinishError::Failed(error) => error,
        FinishError::Cancelled => unshown(Fate::AsItWas, "its reader is gone"),
    })
}

/// The error of a result that could not be shown.
pub(super) fn unshown(fate: Fate, cause: impl std::fmt::Display) -> Error {
    let remedy = match fate {
        Fate::AsItWas => "; another scan shows all of it",
        Fate::Written | Fate::Uncertain => "",
    };
    let history = fate.words();
    Error::environment(format!(
        "the result cannot be written: {cause}; the history {history}{remedy}"
    ))
}
