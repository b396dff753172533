//! The messages of a run.

use std::time::Duration;

use crate::detector::{Counters, Outcome, SEED_COLUMNS};
use crate::history::Failure;
use crate::rules::NewRule;
use crate::splunk::message::Level;
use crate::splunk::options::Options;

/// The saved search that fills an empty history.
const SUPPORT_SEARCH: &str = "Previously Seen S3 Bucket Access by Remote IP";

/// A finished run.
pub(super) struct Summary<'a> {
    pub(super) options: &'a Options,
    pub(super) counters: &'a Counters,
    pub(super) outcome: &'a Outcome,
    pub(super) lookup: &'a str,
    pub(super) preview: bool,
    pub(super) elapsed: Duration,
}

impl Summary<'_> {
    /// The messages, the most important one first.
    pub(super) fn messages(&self) -> Vec<(Level, String)> {
        let messages = [
            (
                Level::Error,
                self.outcome
                    .unpublished
                    .as_ref()
                    // A run with seed=true has an error of its own.
                    .filter(|_| !self.options.seed)
                    .map(|failure| unpublished(self.lookup, failure)),
            ),
            (Level::Warn, self.empty_history()),
            (
                Level::Warn,
                self.counters.skipped_message(self.options.by.names()),
            ),
            (
                Level::Warn,
                self.counters.corrected_message(self.options.by.names()),
            ),
            (Level::Warn, self.counters.ambiguous_message()),
            (Level::Warn, self.outcome.without_rows_message()),
            (Level::Info, Some(self.sum())),
        ];
        messages
            .into_iter()
            .filter_map(|(level, text)| Some((level, text?)))
            .collect()
    }

    fn empty_history(&self) -> Option<String> {
        let empty = self.outcome.merged.before == 0 && !self.options.seed;
        empty.then(|| {
            let meaning = match self.options.new {
                NewRule::Unseen => "every pair counts as never seen",
                NewRule::Window => "what is new is decided by the events of this search alone",
            };
            let of_the_history = self.options.of_the_history();
            let fill = if of_the_history.is_empty() {
                format!("the saved search \"{SUPPORT_SEARCH}\" (s3newip seed=true")
            } else {
                format!("this search once with other options (s3newip seed=true{of_the_history}")
            };
            format!(
                "the history {} is empty, so {meaning}; fill it first: run {fill} over the last 30 days)",
                self.lookup
            )
        })
    }

    /// One line about the whole run.
    fn sum(&self) -> String {
        let merged = &self.outcome.merged;
        let after = merged.before + merged.added;
        let history = if self.preview {
            format!("{} rows, not written: a preview", merged.before)
        } else if !self.options.update {
            format!("{} rows, not written: update=false", merged.before)
        } else if let Some(failure) = &self.outcome.unpublished {
            let written = if failure.uncertain {
                "perhaps not written"
            } else {
                "not written"
            };
            format!("{} rows, {written}", merged.before)
        } else {
            format!(
                "{} rows before, {after} after, {} updated",
                merged.before, merged.updated
            )
        };
        let outcome = if self.options.seed {
            format!("{} added", merged.added)
        } else {
            format!("{} new", self.outcome.new_pairs().count())
        };
        format!(
            "{} rows, {} successful, {} pairs, {outcome}; history {}: {history}; {:.3} s",
            self.counters.rows,
            self.counters.successful,
            self.outcome.sightings.len(),
            self.lookup,
            self.elapsed.as_secs_f64()
        )
    }
}

/// What to do about a failure that names no remedy of its own.
const DISK_REMEDY: &str =
    "make room on the disk or correct the permissions of the app's lookups folder";

fn unpublished(lookup: &str, failure: &Failure) -> String {
    let state = if failure.uncertain {
        format!("it is not certain that the history {lookup} was written")
    } else {
        format!("the history {lookup} could not be written and is as it was")
    };
    format!(
        "{state}: {}; the rows of this search are complete; the next search over the same events (for the app's \
         detections: the Daily Sweep) finds the pairs again that the history does not have; {}",
        failure.error.what(),
        remedy(failure)
    )
}

/// The error of a run that only learns, and could not.
pub(super) fn not_learnt(failure: &Failure) -> String {
    let state = if failure.uncertain {
        "it is not certain that anything was learnt"
    } else {
        "nothing was learnt: the history could not be written and is as it was"
    };
    format!(
        "{state}: {}; {}, then run the search again",
        failure.error.what(),
        remedy(failure)
    )
}

fn remedy(failure: &Failure) -> &str {
    failure.error.remedy().unwrap_or(DISK_REMEDY)
}

/// The table of a run with seed=true.
pub(super) fn seed_row(outcome: &Outcome) -> Vec<u8> {
    let values = outcome.seed_row().map(|value| value.to_string());
    format!("{}\n{}\n", SEED_COLUMNS.join(","), values.join(",")).into_bytes()
}
