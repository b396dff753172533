//! Why a text is not a relative time, or a relative time not a time.

use std::fmt;
use std::sync::Arc;

/// A text that is not a relative time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("relative time \"{}\", column {column}: found {found}, expected {expected}", .text.escape_default())]
pub struct ParseError {
    pub(super) text: String,
    /// The byte of the text, from 1.
    pub(super) column: usize,
    pub(super) found: Found,
    pub(super) expected: Expected,
}

/// What was found at a place of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    End,
    /// A word or a character.
    Token(String),
    /// A text of this many bytes.
    LongText(usize),
}

/// What may stand at a place of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Expected {
    StepOrNow,
    StepOrEnd,
    Number,
    Unit(Hint),
    SnapUnit(Hint),
    /// Instead of this number alone.
    SignAndUnit(String),
    /// Before this word.
    Sign(String),
    NoRealTimePrefix,
    /// A text of at most this many bytes.
    ShorterText(usize),
}

/// What is said of a unit besides its names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hint {
    None,
    /// What was found would be one in lower case.
    LowerCase,
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::End => f.write_str("the end"),
            Self::Token(token) => write!(f, "\"{}\"", token.escape_default()),
            Self::LongText(bytes) => write!(f, "a text of {bytes} bytes"),
        }
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StepOrNow => f.write_str("\"-\", \"+\", \"@\" or now, for example -70m@m"),
            Self::StepOrEnd => f.write_str("\"-\", \"+\", \"@\" or the end, for example -1d@d+3h"),
            Self::Number => f.write_str("a number of at most 18 digits"),
            Self::Unit(hint) => write!(f, "a unit: s, m, h, d, w, mon, q or y{hint}"),
            Self::SnapUnit(hint) => write!(
                f,
                "a unit to snap to: s, m, h, d, w, w0 to w7, mon, q or y{hint}"
            ),
            Self::SignAndUnit(number) => {
                write!(f, "a sign and a unit, for example -{number}m")
            }
            Self::Sign(word) => write!(
                f,
                "a sign: write -{word} for the past or +{word} for the future"
            ),
            Self::NoRealTimePrefix => {
                f.write_str("a relative time without the real-time prefix rt")
            }
            Self::ShorterText(bytes) => write!(f, "at most {bytes} bytes"),
        }
    }
}

impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "",
            Self::LowerCase => ", in lower case (m is minutes, mon is months)",
        })
    }
}

/// A relative time that leads out of the calendar.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "relative time \"{text}\", column {column}: expected a time in the years -9999 to 9999, \
     found one outside of them: write a smaller number"
)]
pub struct OutOfRange {
    pub(super) text: Arc<str>,
    /// The byte of the text, from 1, at which the step begins that leaves the calendar.
    pub(super) column: usize,
}
