//! What a run says about itself.

use std::time::Duration;

use crate::detector::{Conclusion, Tally, Trouble};
use crate::message::Level;
use crate::options::Options;

/// The saved search that fills an empty history.
const SUPPORT_SEARCH: &str = "Previously Seen S3 Bucket Access by Remote IP";

/// A finished run.
pub(super) struct Summary<'a> {
    pub(super) options: &'a Options,
    pub(super) tally: &'a Tally,
    pub(super) conclusion: &'a Conclusion,
    pub(super) lookup: &'a str,
    pub(super) preview: bool,
    pub(super) elapsed: Duration,
}

impl Summary<'_> {
    /// The messages, the most important one first.
    pub(super) fn messages(&self) -> Vec<(Level, String)> {
        let vanished = self.conclusion.vanished().len();
        let messages = [
            (
                Level::Error,
                self.conclusion
                    .trouble
                    .as_ref()
                    .map(|trouble| troubled(self.lookup, trouble)),
            ),
            (Level::Warn, self.empty_history()),
            (
                Level::Warn,
                self.tally.skipped_message(self.options.by.names()),
            ),
            (
                Level::Warn,
                (vanished > 0).then(|| vanished_pairs(vanished)),
            ),
            (Level::Info, Some(self.sum())),
        ];
        messages
            .into_iter()
            .filter_map(|(level, text)| Some((level, text?)))
            .collect()
    }

    fn empty_history(&self) -> Option<String> {
        let empty = self.conclusion.merged.before == 0 && !self.options.seed;
        empty.then(|| {
            format!(
                "the history {} is empty, so every pair counts as never seen; fill it first: run the saved search \
                 \"{SUPPORT_SEARCH}\" (s3newip seed=true over the last 30 days)",
                self.lookup
            )
        })
    }

    /// One line about the whole run.
    fn sum(&self) -> String {
        let merged = &self.conclusion.merged;
        let after = merged.before + merged.added;
        let history = if self.preview {
            format!("{} rows, not written: a preview", merged.before)
        } else if !self.options.update {
            format!("{} rows, not written: update=false", merged.before)
        } else if let Some(Trouble::Unwritten(_)) = self.conclusion.trouble {
            format!("{} rows, not written", merged.before)
        } else {
            format!(
                "{} rows before, {after} after, {} updated",
                merged.before, merged.updated
            )
        };
        format!(
            "{} rows, {} successful, {} pairs, {} new; history {}: {history}; {:.3} s",
            self.tally.rows,
            self.tally.successful,
            self.conclusion.sightings.len(),
            self.conclusion.new_pairs().count(),
            self.lookup,
            self.elapsed.as_secs_f64()
        )
    }
}

fn troubled(lookup: &str, trouble: &Trouble) -> String {
    let then = match trouble {
        Trouble::Unwritten(_) => {
            "the rows of this search are complete, and the next run finds these pairs again; make room on the disk, \
             correct the permissions of the app's lookups folder or end the run that holds the lock"
        }
        Trouble::NotDurable(_) => "the rows of this search are complete; look after the disk",
    };
    format!("the history {lookup} {trouble}; {then}")
}

/// The error of a run that only learns, and could not.
pub(super) fn not_learnt(lookup: &str, trouble: &Trouble) -> String {
    let then = match trouble {
        Trouble::Unwritten(_) => {
            "nothing was learnt; make room on the disk, correct the permissions of the app's lookups folder or end the \
             run that holds the lock"
        }
        Trouble::NotDurable(_) => "look after the disk",
    };
    format!("the history {lookup} {trouble}; {then}, then run the search again")
}

fn vanished_pairs(count: usize) -> String {
    format!(
        "{count} new pairs are shown without their events: another program removed them from the history while this \
         search ran"
    )
}

/// The one row of a run that only learns.
pub(super) fn learnt(conclusion: &Conclusion) -> Vec<u8> {
    let merged = &conclusion.merged;
    format!(
        "pairs_seen,pairs_added,pairs_updated,pairs_total\n{},{},{},{}\n",
        conclusion.sightings.len(),
        merged.added,
        merged.updated,
        merged.before + merged.added
    )
    .into_bytes()
}
