//! The kinds of values that options take.

use std::str::FromStr;

use crate::error::Error;
use crate::pair::MAX_KEY_FIELDS;
use crate::shown;
use crate::timestamp::TIME_COLUMNS;

/// What makes a pair new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewRule {
    /// Its merged first time is at or after the threshold: the original's rule.
    Window,
    /// It was in no row of the history when this search merged: right for events that arrive late.
    Unseen,
}

/// What is returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// The events of new pairs.
    Events,
    /// A row for each new pair.
    Pairs,
    /// Every successful event, marked.
    All,
}

/// The way on which the history is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Publish {
    /// Through splunkd in a search head cluster, as a file elsewhere.
    Auto,
    /// As a file on this machine's disk.
    File,
    /// Through splunkd's REST interface.
    Rest,
}

/// A word that is not among those allowed.
#[derive(Debug, thiserror::Error)]
#[error("expected {0}")]
pub struct NotAllowed(&'static str);

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

impl FromStr for Publish {
    type Err = NotAllowed;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "auto" => Ok(Self::Auto),
            "file" => Ok(Self::File),
            "rest" => Ok(Self::Rest),
            _ => Err(NotAllowed("auto, file or rest")),
        }
    }
}

/// Booleans as SPL writes them.
pub(super) fn boolean(text: &str) -> Result<bool, NotAllowed> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "t" | "1" => Ok(true),
        "false" | "f" | "0" => Ok(false),
        _ => Err(NotAllowed("true or false (t, f, 1 and 0 will do)")),
    }
}

/// Whole numbers from 0 on.
///
/// # Errors
/// Anything else.
pub fn whole_number(text: &str) -> Result<u32, NotAllowed> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse() {
        Ok(number) if digits => Ok(number),
        _ => Err(NotAllowed("a whole number from 0 (all) to 4294967295")),
    }
}

/// The fields whose values make a pair: 1 to 5 of them, each once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFields(Vec<String>);

/// Fields that the command writes or reads as something else, besides [`TIME_COLUMNS`].
const RESERVED: [&str; 3] = ["_time", "newIP", "count"];

impl KeyFields {
    /// `fields` after `by`, or the default without a `by`.
    ///
    /// # Errors
    /// None, more than five, one twice, or one that cannot be a key.
    pub fn new(fields: Option<Vec<String>>) -> Result<Self, Error> {
        let Some(fields) = fields else {
            return Ok(Self::default());
        };
        if fields.is_empty() || fields.len() > MAX_KEY_FIELDS {
            return Err(Error::user(format!(
                "by: expected 1 to {MAX_KEY_FIELDS} field names after it, found {}",
                fields.len()
            )));
        }
        for (index, field) in fields.iter().enumerate() {
            check(field, fields.get(..index).unwrap_or_default())?;
        }
        Ok(Self(fields))
    }

    /// The names.
    pub fn names(&self) -> &[String] {
        &self.0
    }
}

impl Default for KeyFields {
    fn default() -> Self {
        Self(vec!["bucket_name".to_owned(), "remote_ip".to_owned()])
    }
}

fn check(field: &str, before: &[String]) -> Result<(), Error> {
    let is_time = TIME_COLUMNS
        .iter()
        .any(|(first, last)| [*first, *last].contains(&field));
    let wrong = if before.iter().any(|other| other == field) {
        "it is there twice"
    } else if RESERVED.contains(&field) || is_time {
        "the command uses that name itself"
    } else if field.eq_ignore_ascii_case("by") {
        "by stands once, before the fields"
    } else if field.contains('=') {
        "options stand before by, which must be the last thing"
    } else if field.chars().any(char::is_control) {
        "a field name has no control characters"
    } else {
        return Ok(());
    };
    Err(Error::user(format!(
        "by: expected the names of key fields, found {}: {wrong}",
        shown::quoted(field.as_bytes())
    )))
}
