//! How the columns of a row agree with the log line in its `_raw`.

use crate::pair;

/// The columns whose values stand in an S3 access log line before all text that a client chooses.
pub const LINE_COLUMNS: [&str; 3] = ["bucket_name", "remote_ip", "requester"];

/// How one of the [`LINE_COLUMNS`] of a row agrees with its log line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Agreement {
    /// They say the same, or there is no log line.
    #[default]
    Same,
    /// The column says nothing.
    Missing,
    /// The column says something else.
    Other,
}

impl Agreement {
    pub(super) fn of(in_column: &[u8], in_line: &[u8]) -> Self {
        match (pair::is_value(in_column), pair::is_value(in_line)) {
            (false, false) => Self::Same,
            (false, true) => Self::Missing,
            _ if in_column == in_line => Self::Same,
            _ => Self::Other,
        }
    }
}

/// How the [`LINE_COLUMNS`] of a row agree with its log line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Agreements(pub [Agreement; LINE_COLUMNS.len()]);

impl Agreements {
    /// Whether there is no difference at all.
    #[inline]
    pub fn all_same(self) -> bool {
        self.0 == [Agreement::Same; LINE_COLUMNS.len()]
    }

    /// Whether `LINE_COLUMNS[index]` differs from the log line.
    pub fn differs(self, index: usize) -> bool {
        let agreement = self.0.get(index);
        agreement.is_some_and(|agreement| *agreement != Agreement::Same)
    }
}
