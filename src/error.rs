//! What can stop a run: the message a person reads, and whose fault it is.
//!
//! Messages say place, expected, found and what to do; they are lower case, so that a prefix (`Error in 's3newip'
//! command:` in Splunk, `s3newip:` in a shell) can stand before them. Text from outside is escaped by [`crate::text::escape`].

use std::fmt::Display;
use std::process::ExitCode;

/// Whose fault it is: decides the exit code, and who is asked to act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The person who wrote the search or the command line.
    User,
    /// The machine: files, permissions, disks, clocks.
    Environment,
    /// The other end of the pipe.
    Peer,
}

/// A run's end that is no success.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    fault: Fault,
    message: String,
}

impl Error {
    /// A mistake in options or arguments.
    pub fn user(message: impl Display) -> Self {
        Self::new(Fault::User, message)
    }

    /// Something the machine refused.
    pub fn environment(message: impl Display) -> Self {
        Self::new(Fault::Environment, message)
    }

    /// Something the other end of the pipe sent that is not the protocol.
    pub fn peer(message: impl Display) -> Self {
        Self::new(Fault::Peer, message)
    }

    fn new(fault: Fault, message: impl Display) -> Self {
        Self {
            fault,
            message: message.to_string(),
        }
    }

    /// Whose fault it is.
    pub fn fault(&self) -> Fault {
        self.fault
    }
}

/// An error on a way that is made for those of input and output: `io::Error::downcast` gives it back.
impl From<Error> for std::io::Error {
    fn from(error: Error) -> Self {
        Self::other(error)
    }
}

/// The process's exit codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done, or cancelled by the other end: nobody is left to be told.
    Done = 0,
    /// Failed; the message says what of the history.
    Failed = 1,
    /// The command line could not be understood.
    Usage = 2,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
