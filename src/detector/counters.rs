//! The counts of the summary, and the warning about rows that could not be used.

use std::fmt;

use crate::access::Unusable;

/// The counts of one run.
#[derive(Debug, Default, Clone)]
pub(crate) struct Counters {
    pub(crate) rows: u64,
    /// Rows that are successful accesses.
    pub(crate) successful: u64,
    skipped: Vec<Skipped>,
}

/// The rows that could not be used for one reason.
#[derive(Debug, Clone)]
struct Skipped {
    why: Unusable,
    rows: u64,
    /// The number of the first of them, from 1.
    first: u64,
}

impl Counters {
    /// Counts a row that cannot be used; its number is that of the last row counted.
    pub(crate) fn skip(&mut self, why: Unusable) {
        match self.skipped.iter_mut().find(|skipped| skipped.why == why) {
            Some(skipped) => skipped.rows += 1,
            None => self.skipped.push(Skipped {
                why,
                rows: 1,
                first: self.rows,
            }),
        }
    }

    fn skipped(&self) -> u64 {
        self.skipped.iter().map(|skipped| skipped.rows).sum()
    }

    /// A sentence about the rows that could not be used; `None` where all could. `keys` are the names of the key fields.
    pub(crate) fn skipped_message(&self, keys: &[String]) -> Option<String> {
        if self.skipped.is_empty() {
            return None;
        }
        let reasons: Vec<_> = self
            .skipped
            .iter()
            .map(|skipped| skipped.describe(keys))
            .collect();
        Some(format!(
            "{} of {} rows could not be used: {}",
            self.skipped(),
            self.rows,
            reasons.join("; ")
        ))
    }
}

impl Skipped {
    fn describe(&self, keys: &[String]) -> String {
        let Self { rows, first, why } = self;
        let why: &dyn fmt::Display = &why.describe(keys);
        format!("{rows} with {why} (first: row {first})")
    }
}
