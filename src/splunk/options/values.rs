//! Values that only the command's options take.

use std::str::FromStr;

use crate::rules::NotAllowed;

/// How the history is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Publish {
    /// Through splunkd in a search head cluster, as a file elsewhere.
    Auto,
    /// As a file on this machine's disk.
    File,
    /// Through splunkd's REST interface.
    Rest,
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

/// A boolean as SPL writes it.
///
/// # Errors
/// Any other text.
pub(super) fn boolean(text: &str) -> Result<bool, NotAllowed> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "t" | "1" => Ok(true),
        "false" | "f" | "0" => Ok(false),
        _ => Err(NotAllowed("true or false (t, f, 1 and 0 will do)")),
    }
}
