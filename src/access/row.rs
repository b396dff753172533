//! What is read from one row, whatever its format, and the limits of it.

use std::fmt;

use super::agreement::Agreements;
use crate::accesslog::HttpStatus;
use crate::csv::MAX_RECORD_BYTES;
use crate::pair::{self, MAX_KEY_FIELDS};
use crate::rules::StatusList;
use crate::text::escape;
use crate::text::timestamp::Timestamp;

/// The longest key value, in bytes: far beyond the names of buckets and addresses, and short enough that a row of the
/// history, with all its quotes, can be read back.
const MAX_KEY_BYTES: usize = 1 << 20;

// What is learnt can be read again: no key makes a row that is too long for a reader, even where each of its bytes is a
// quote.
const _: () = assert!(4 * MAX_KEY_FIELDS * MAX_KEY_BYTES < MAX_RECORD_BYTES);

/// The most pairs that one row may stand for through multivalue key fields.
pub const MAX_PAIRS_PER_ROW: usize = 10_000;

/// The most bytes that the values of these pairs may have together.
pub const MAX_PAIR_BYTES_PER_ROW: usize = 16 << 20;

/// A row that can be used, without its pairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Access {
    /// The first time it stands for.
    pub first: Timestamp,
    /// The last time it stands for.
    pub last: Timestamp,
    /// Whether it is a successful access.
    pub success: bool,
    /// The number of events it stands for.
    pub count: u64,
    /// Whether it counts as successful because its log line does not say clearly that it was not.
    pub ambiguous: bool,
    /// How its columns agree with the log line in its `_raw`.
    pub agreements: Agreements,
}

impl Access {
    /// A clearly successful access by `count` events from `first` to `last`, whose columns agree with its log line, if any.
    pub fn successful(first: Timestamp, last: Timestamp, count: u64) -> Self {
        Self {
            first,
            last,
            success: true,
            count,
            ambiguous: false,
            agreements: Agreements::default(),
        }
    }
}

/// Why a row cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unusable {
    /// No time, or none that is a decimal epoch time before the year 10000.
    Time,
    /// The key field with this number (from 0) is missing, empty or `-`.
    Key(usize),
    /// The key field with this number (from 0) holds a NUL byte, which no lookup can keep.
    Nul(usize),
    /// The key field with this number (from 0) is longer than 1 MiB.
    TooLong(usize),
    /// More than [`MAX_PAIRS_PER_ROW`] pairs, or more than [`MAX_PAIR_BYTES_PER_ROW`] bytes of them.
    TooManyPairs,
    /// It is longer than [`MAX_RECORD_BYTES`].
    RowTooLong,
    /// It has a pair for which a run that has seen so many has no room any more.
    NoRoom,
}

impl Unusable {
    /// The reason in words, `keys` being the names of the key fields.
    pub(crate) fn describe(self, keys: &[String]) -> impl fmt::Display {
        let name = |index: usize| {
            let name = keys.get(index).map_or("?", String::as_str);
            escape::escaped(name.as_bytes())
        };
        match self {
            Self::Time => "no usable _time".to_owned(),
            Self::Key(index) => format!("no {}", name(index)),
            Self::Nul(index) => format!("a NUL byte in {}", name(index)),
            Self::TooLong(index) => format!("more than {MAX_KEY_BYTES} bytes in {}", name(index)),
            Self::TooManyPairs => format!(
                "more than {MAX_PAIRS_PER_ROW} pairs, or {} MB of them, in one row",
                MAX_PAIR_BYTES_PER_ROW >> 20
            ),
            Self::RowTooLong => format!("more than {} MB", MAX_RECORD_BYTES >> 20),
            Self::NoRoom => {
                "a new pair where the search has seen as many as it can hold (4 GB of their text)"
                    .to_owned()
            }
        }
    }
}

/// Returns `value`, of the key field with number `index`, if it can be a key.
///
/// # Errors
/// Why it cannot.
pub(crate) fn usable(value: &[u8], index: usize) -> Result<&[u8], Unusable> {
    match value {
        value if !pair::is_value(value) => Err(Unusable::Key(index)),
        value if memchr::memchr(0, value).is_some() => Err(Unusable::Nul(index)),
        value if value.len() > MAX_KEY_BYTES => Err(Unusable::TooLong(index)),
        value => Ok(value),
    }
}

/// Whether a log line with this status counts as a success: an attacker who hides the status must not hide the access.
pub(crate) fn is_success(status: HttpStatus, success: &StatusList) -> bool {
    match status {
        HttpStatus::Code(code) => success.contains(code),
        HttpStatus::Absent | HttpStatus::Ambiguous => true,
    }
}
