//! The counts of the summary, and the warnings about rows.

use std::fmt;

use crate::access::{Access, Agreement, Agreements, LINE_COLUMNS, Unusable};

/// The counts of one run.
#[derive(Debug, Default, Clone)]
pub(crate) struct Counters {
    pub(crate) rows: u64,
    /// Rows that are successful accesses.
    pub(crate) successful: u64,
    skipped: Vec<Skipped>,
    /// Successful accesses whose columns differ from their log line, for each way of differing.
    corrected: Vec<(Agreements, Seen)>,
    ambiguous: Seen,
}

/// How many rows something was seen in.
#[derive(Debug, Default, Clone, Copy)]
struct Seen {
    rows: u64,
    /// The number of the first of them, from 1.
    first: u64,
}

impl Seen {
    /// Counts row `number`.
    fn count(&mut self, number: u64) {
        if self.rows == 0 {
            self.first = number;
        }
        self.rows += 1;
    }

    /// Adds rows that are none of those counted.
    fn add(&mut self, other: Self) {
        let both = self.rows > 0 && other.rows > 0;
        let first = self.first.max(other.first);
        self.first = if both {
            self.first.min(other.first)
        } else {
            first
        };
        self.rows += other.rows;
    }
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

    /// Counts a successful access; it is that of the last row counted.
    #[inline]
    pub(crate) fn succeed(&mut self, access: &Access) {
        self.successful += 1;
        if access.ambiguous {
            self.ambiguous.count(self.rows);
        }
        if !access.agreements.all_same() {
            self.correct(access.agreements);
        }
    }

    fn correct(&mut self, agreements: Agreements) {
        let known = self.corrected.iter_mut().find(|(of, _)| *of == agreements);
        match known {
            Some((_, seen)) => seen.count(self.rows),
            None => {
                let mut seen = Seen::default();
                seen.count(self.rows);
                self.corrected.push((agreements, seen));
            }
        }
    }

    /// Whether the status of a successful access is ambiguous.
    pub(crate) fn has_ambiguous(&self) -> bool {
        self.ambiguous.rows > 0
    }

    /// Whether the log line of a successful access differs from its columns.
    pub(crate) fn has_corrected(&self) -> bool {
        !self.corrected.is_empty()
    }

    /// Whether the log line of a successful access has a value for the column `name`, and the row none.
    pub(crate) fn has_missing(&self, name: &str) -> bool {
        let index = LINE_COLUMNS.iter().position(|column| *column == name);
        let misses = |agreements: &Agreements| {
            index.and_then(|index| agreements.0.get(index)) == Some(&Agreement::Missing)
        };
        self.corrected
            .iter()
            .any(|(agreements, _)| misses(agreements))
    }

    /// A sentence about the successful accesses with an ambiguous status; `None` where there is none.
    pub(crate) fn ambiguous_message(&self) -> Option<String> {
        let Seen { rows, first } = self.ambiguous;
        (rows > 0).then(|| {
            format!(
                "{rows} of {} successful accesses have an ambiguous status (first: row {first}): their log lines are \
                 cut, or can be read with more than one, so S3 may have refused them",
                self.successful
            )
        })
    }

    /// A sentence about the successful accesses whose columns differ from their log line; `None` where there is none.
    /// A missing value counts in the key fields only, whose names are `keys`.
    pub(crate) fn corrected_message(&self, keys: &[String]) -> Option<String> {
        let (mut other, mut missing) = (Corrected::default(), Corrected::default());
        for (agreements, seen) in &self.corrected {
            let columns = LINE_COLUMNS.into_iter().zip(agreements.0);
            let is_key = |name: &str| keys.iter().any(|key| key == name);
            let others = columns.clone().filter(|(_, of)| *of == Agreement::Other);
            let missed = columns.filter(|(name, of)| *of == Agreement::Missing && is_key(name));
            if !other.add(others, *seen) {
                missing.add(missed, *seen);
            }
        }
        let rows = other.seen.rows + missing.seen.rows;
        let parts = [
            other.describe("another value"),
            missing.describe("no value"),
        ];
        let parts: Vec<_> = parts.into_iter().flatten().collect();
        (rows > 0).then(|| {
            format!(
                "in {rows} rows the log line in _raw, which decides, differs from the columns: {}",
                parts.join("; ")
            )
        })
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

/// Rows whose columns differ from their log line in one way.
#[derive(Debug, Default)]
struct Corrected {
    seen: Seen,
    /// The columns that do.
    names: Vec<&'static str>,
}

impl Corrected {
    /// Adds rows that differ in these columns. Returns `false`, and adds nothing, where there is no column.
    fn add(
        &mut self,
        columns: impl Iterator<Item = (&'static str, Agreement)>,
        seen: Seen,
    ) -> bool {
        let mut any = false;
        for (name, _) in columns {
            any = true;
            if !self.names.contains(&name) {
                self.names.push(name);
            }
        }
        if any {
            self.seen.add(seen);
        }
        any
    }

    fn describe(&self, what: &str) -> Option<String> {
        let Seen { rows, first } = self.seen;
        let names = self.names.join(", ");
        (rows > 0).then(|| format!("{rows} have {what} in {names} (first: row {first})"))
    }
}
