//! `s3newip scan` and the rest of the command line, through the real binary: what a person types, what comes out on
//! standard output, what on standard error, with which exit code, and what is then in the history.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a failed expectation is a failed test, with its line"
)]

#[path = "../support/mod.rs"]
mod support;

mod command_line;
mod folder;
mod formats;
mod history;
mod inputs;
mod mmdb;
mod options;
mod places;
mod process;
mod samples;
mod shown;
mod signals;
mod terminal;
