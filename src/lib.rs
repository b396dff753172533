//! s3newip: which IP address has just accessed which S3 bucket for the first time?
//!
//! A Splunk search command (`| s3newip`) and a scanner of S3 server access logs (`s3newip scan`) on one engine, the
//! [`detector`]. A module uses only modules above it in this list; `tests/layers.rs` checks that.
//!
//! The program is the product. The library has public items only for the program, the tests, the benchmarks and the fuzz
//! targets, and makes no promise of compatibility.

// Bytes, errors, threads.
pub mod text;

pub mod error;

pub mod ordered_pool;

// Formats.
pub mod accesslog;

pub mod csv;

pub mod reltime;

// What a run takes from the machine.
pub mod host;

// What a row is about: its pair, its time, its success.
pub mod pair;

pub mod bloom;

pub mod rules;

pub mod access;

pub mod principal;

// How unusual an access is for its requester.
pub mod network;

pub mod score;

pub mod allow_list;

// The pairs of a search, the history, and which pairs are new.
pub mod pairs;

pub mod history;

pub mod detector;

// The two interfaces.
pub mod scan;

pub mod splunk;
