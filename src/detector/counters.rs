//! What came in, counted: the numbers of the summary and of the warning about rows that could not be used.

use std::fmt;

use crate::access::Unusable;

/// Rows of one search.
#[derive(Debug, Default, Clone)]
pub struct Counters {
    /// Rows that came.
    pub rows: u64,
    /// Of these, successful accesses.
    pub successful: u64,
    skipped: Vec<Skipped>,
}

/// Rows that could not be used, for one reason.
#[derive(Debug, Clone)]
struct Skipped {
    why: Unusable,
    rows: u64,
    first: u64,
}

impl Counters {
    /// Counts a row that cannot be used; its number is that of the last row counted.
    pub fn skip(&mut self, why: Unusable) {
        match self.skipped.iter_mut().find(|skipped| skipped.why == why) {
            Some(skipped) => skipped.rows += 1,
            None => self.skipped.push(Skipped {
                why,
                rows: 1,
                first: self.rows,
            }),
        }
    }

    /// Rows that could not be used, for whatever reason.
    pub fn skipped(&self) -> u64 {
        self.skipped.iter().map(|skipped| skipped.rows).sum()
    }

    /// How many rows could not be used and why; `None` where all could. `keys` are the names of the key fields.
    pub fn skipped_message(&self, keys: &[String]) -> Option<String> {
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
