//! The rules of a run: which accesses are successful, what makes a pair new, and which rows are returned.

mod key_fields;
mod status;

use std::str::FromStr;

use crate::text::timestamp::Timestamp;

pub use key_fields::{DEFAULT_KEY_FIELDS, KeyFields};
pub use status::StatusList;

/// The lookup that Splunk's own search uses.
pub(crate) const DEFAULT_LOOKUP: &str = "previously_seen_S3_access_from_remote_ip.csv";

/// The threshold of newness that Splunk's own search uses.
pub(crate) const DEFAULT_WINDOW: &str = "-70m@m";

/// What makes a pair new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewRule {
    /// Its merged first time is at or after the threshold: the original's rule.
    Window,
    /// It was in no row of the history when this search merged: right for events that arrive late.
    Unseen,
}

/// Which rows are returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// The events of new pairs.
    Events,
    /// A row for each new pair.
    Pairs,
    /// Every successful event, marked.
    All,
}

/// What makes a pair new, and which of its rows are returned.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    /// What makes a pair new.
    pub(crate) new: NewRule,
    /// The time that separates old from new under [`NewRule::Window`].
    pub(crate) threshold: Timestamp,
    /// Which rows are returned.
    pub(crate) output: Output,
    /// Rows returned for each new pair; 0 = all.
    pub(crate) max_events: u32,
    /// Whether the run only updates the history and returns no rows.
    pub(crate) seed: bool,
}

impl Rules {
    /// Whether a row of the history with this first time makes its pair known, whatever other rows say.
    pub(crate) fn makes_known(&self, first: Option<Timestamp>) -> bool {
        self.new == NewRule::Unseen || first.is_none_or(|first| first < self.threshold)
    }
}

/// A word that is not among those allowed.
#[derive(Debug, thiserror::Error)]
#[error("expected {0}")]
pub struct NotAllowed(pub &'static str);

impl FromStr for NewRule {
    type Err = NotAllowed;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "window" => Ok(Self::Window),
            "unseen" => Ok(Self::Unseen),
            _ => Err(NotAllowed("window or unseen")),
        }
    }
}

impl FromStr for Output {
    type Err = NotAllowed;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "events" => Ok(Self::Events),
            "pairs" => Ok(Self::Pairs),
            "all" => Ok(Self::All),
            _ => Err(NotAllowed("events, pairs or all")),
        }
    }
}

/// Reads a whole number from 0 to `u32::MAX`.
///
/// # Errors
/// Anything else.
pub(crate) fn whole_number(text: &str) -> Result<u32, NotAllowed> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse() {
        Ok(number) if digits => Ok(number),
        _ => Err(NotAllowed("a whole number from 0 (all) to 4294967295")),
    }
}
