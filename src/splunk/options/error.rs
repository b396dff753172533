//! What is wrong with the command's arguments.

use super::names::NAMES;
use crate::error::Error;
use crate::text::escape;

/// An argument that the command does not take.
#[derive(Debug, thiserror::Error)]
pub(super) enum OptionError {
    /// `name=` without a value.
    #[error("option {0} has no value: write {0}=<value>")]
    NoValue(&'static str),
    /// An option that is given twice.
    #[error("option {0} is there twice: give it once")]
    Repeated(&'static str),
    /// An argument that is neither `name=value` nor `by`.
    #[error(
        "expected an option or by, found {}: write option=value, and the key fields after by; the options are {}",
        escape::quoted(.0.as_bytes()), NAMES.join(", ")
    )]
    NotAnOption(String),
    /// `by=value`.
    #[error("by is no option: write by and the key fields after the options, without =")]
    ByWithValue,
    /// A name that is not an option's, and the most similar one that is.
    #[error(
        "unknown option {}: did you mean {nearest}? The options are {}",
        escape::quoted(.name.as_bytes()), NAMES.join(", ")
    )]
    Unknown { name: String, nearest: &'static str },
    /// A value that the option does not take.
    #[error("option {name}={}: {cause}", escape::quoted(.value.as_bytes()))]
    BadValue {
        name: &'static str,
        value: String,
        /// Says which values the option takes.
        cause: Box<dyn std::error::Error>,
    },
}

impl From<OptionError> for Error {
    fn from(error: OptionError) -> Self {
        Self::user(error)
    }
}
