//! A stand-in for splunkd, to test the real binary through the real protocol.
//!
//! It installs the app in a temporary SPLUNK_HOME, starts the binary as splunkd does, speaks the other end of the
//! chunked protocol strictly, and can hang up anywhere. A test reads as a story:
//!
//! ```text
//! let splunk = Splunk::new().history("bucket_name,remote_ip,firstTime,lastTime\n");
//! let found = splunk
//!     .search("window=-70m@m new=unseen")
//!     .events(&[access("billing", "192.0.2.7", NOW - 60), access("billing", "2001:db8::7", NOW - 30)])
//!     .run();
//! found.expect_rows("bucket_name,remote_ip,newIP\nbilling,192.0.2.7,1\nbilling,2001:db8::7,1\n");
//! splunk.history_text();
//! ```
//!
//! | what | where |
//! |---|---|
//! | the installation, its lookups, snapshots of its files | [`Splunk`] |
//! | the search: arguments, now(), chunks, preview, seed, probes | [`Search`]: `events` are cut by the seed, `chunk` and `body` stay as they are |
//! | rows | [`row`], [`access`], [`log_line`] |
//! | the result | [`Outcome`]: `run` has already checked every rule of the protocol |
//! | the management port, what it does and what goes wrong there | [`splunkd::Management`], [`Search::splunkd`] |
//! | cancelled searches | [`Search::cancel`] with a [`Cancel`] point |
//! | a conversation step by step | [`Search::start`] gives a [`Conversation`] |
//! | faults in single system calls | [`strace::Strace`] |
//! | what a history must be, byte for byte | [`model::Model`] |
//!
//! `S3NEWIP_TEST_BINARY` names another binary, `S3NEWIP_TEST_RUNNER` an emulator to start it with, and
//! `S3NEWIP_TEST_TIMEOUT` the seconds after which a process counts as hung.

#![allow(
    dead_code,
    unused_imports,
    reason = "every test uses its own part of the stand-in"
)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a failed expectation is a failed test, with its line"
)]

mod arguments;
mod cancel;
mod conversation;
mod cut;
mod dice;
mod dispatch;
pub(crate) mod files;
mod frames;
mod log_line;
pub(crate) mod model;
mod outcome;
mod process;
mod recorded;
mod reply_rules;
mod row;
mod run;
mod search;
mod splunk_csv;
mod splunk_home;
pub(crate) mod splunkd;
pub(crate) mod strace;
mod transcript;

pub(crate) use arguments::Arguments;
pub(crate) use cancel::{Cancel, SOON};
pub(crate) use conversation::{Conversation, execute_frame};
pub(crate) use dice::Dice;
pub(crate) use dispatch::InfoCsv;
pub(crate) use frames::{Reply, frame, read_reply};
pub(crate) use log_line::log_line;
pub(crate) use outcome::Outcome;
pub(crate) use process::{Ended, Process};
pub(crate) use recorded::{Recording, recordings};
pub(crate) use reply_rules::check as check_metadata;
pub(crate) use row::{Row, access, row};
pub(crate) use search::{NOW, SESSION_KEY, Search};
pub(crate) use splunk_csv::{body_of, header_only};
pub(crate) use splunk_home::{HISTORY, Splunk, binary_under_test, runner};
pub(crate) use transcript::Transcript;
