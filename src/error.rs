//! What can stop a run: the message a person reads, and whose fault it is.
//!
//! Messages say place, expected, found and what to do; they are lower case, so that a prefix (`Error in 's3newip'
//! command:` in Splunk, `s3newip:` in a shell) can stand before them. Text from outside is escaped by
//! [`crate::text::escape`].

use std::fmt::Display;
use std::process::ExitCode;

/// Whose fault it is: decides the exit code, and who is asked to act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The person who wrote the search or the command line.
    User,
    /// The machine (files, permissions, disks, clocks), or the program at the other end of the pipe.
    Environment,
}

/// Why a run, or a step of it, failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}{}", .remedy.iter().map(|remedy| format!("; {remedy}")).collect::<String>())]
pub struct Error {
    fault: Fault,
    what: String,
    remedy: Option<String>,
}

impl Error {
    /// A mistake in options or arguments. `what` says where, what was expected and what was found.
    pub fn user(what: impl Display) -> Self {
        Self::new(Fault::User, what)
    }

    /// Something that the machine refused, or that the other end of the pipe sent and the protocol does not have. `what`
    /// says the step, the thing and the cause.
    pub fn environment(what: impl Display) -> Self {
        Self::new(Fault::Environment, what)
    }

    fn new(fault: Fault, what: impl Display) -> Self {
        Self {
            fault,
            what: what.to_string(),
            remedy: None,
        }
    }

    /// The same with what to do about it.
    pub fn with_remedy(self, remedy: impl Into<String>) -> Self {
        Self {
            remedy: Some(remedy.into()),
            ..self
        }
    }

    /// The same for a run that ends before it could write the history. Only the caller knows that: what could not be
    /// read may just have been written.
    pub fn with_nothing_written(self) -> Self {
        Self {
            what: format!("{}; nothing was written", self.what),
            ..self
        }
    }

    /// Whose fault it is.
    pub fn fault(&self) -> Fault {
        self.fault
    }

    /// What failed, without what to do about it.
    pub fn what(&self) -> &str {
        &self.what
    }

    /// What to do about it; `None` where the text of [`Error::what`] says that, or where only the caller can.
    pub fn remedy(&self) -> Option<&str> {
        self.remedy.as_deref()
    }
}

/// For functions that return [`std::io::Error`]: its `downcast` gives the error back.
impl From<Error> for std::io::Error {
    fn from(error: Error) -> Self {
        Self::other(error)
    }
}

/// The process's exit codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: done, or cancelled by the other end.
    Done,
    /// 1: failed; the message says what became of the history.
    Failed,
    /// 2: the command line could not be understood.
    Usage,
    /// 128 and the number of the signal that ended the run, as shells have it.
    Signal(i32),
}

impl Exit {
    /// The number.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Signal(signal) => u8::try_from(signal).unwrap_or_default().saturating_add(128),
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_says_what_failed_then_what_became_of_the_history_then_what_to_do() {
        let error = Error::environment("no disk").with_remedy("buy one");
        assert_eq!(error.to_string(), "no disk; buy one");
        let error = error.with_nothing_written();
        assert_eq!(error.to_string(), "no disk; nothing was written; buy one");
        assert_eq!(Error::user("no").to_string(), "no");
    }
}
