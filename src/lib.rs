//! s3newip: which IP address has just accessed which S3 bucket for the first time?
//!
//! A Splunk search command (`| s3newip`) and a scanner of S3 server access logs (`s3newip scan`) on one engine. A module
//! uses only modules above it in this list; `tests/layers.rs` checks that.

// Text, errors, threads.
pub mod text;

pub mod error;

pub mod ordered_pool;

// Formats.
pub mod accesslog;

pub mod csv;

pub mod reltime;

// From a row to a pair.
pub mod pair;

pub mod bloom;

pub mod rules;

pub mod access;

pub mod principal;

// How unusual an access is.
pub mod network;

pub mod score;

pub mod allow_list;

// The pairs of a search, the history, and the decision what is new.
pub mod pairs;

pub mod history;

pub mod detector;

// The two interfaces.
pub mod scan;

pub mod splunk;
