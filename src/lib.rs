//! s3newip: which IP address has just accessed which S3 bucket for the first time?
//!
//! A Splunk search command (`| s3newip`) and a scanner of S3 server access logs (`s3newip scan`) on one engine. The
//! modules below stand in the order in which they may know each other: a module uses only modules above it, which a
//! test checks.

// Text and time.
pub mod blocks;
pub mod shown;
pub mod timestamp;

// Work shared by threads.
pub mod turns;

// What goes wrong, and what goes over the wire.
pub mod error;
pub mod frame;
pub mod session_key;

pub mod message;

// Grammars.
pub mod accesslog;
pub mod reltime;
pub mod rows;

// From a row to a pair.
pub mod pair;

pub mod sieve;

pub mod options;

pub mod access;

// The pairs of a search, and the rows that wait for a verdict.
pub mod sightings;

pub mod held;
pub mod settled;

pub mod history;

pub mod detector;

// The two faces.
pub mod app;
pub mod dispatch;

pub mod scan;

pub mod splunkd;

pub mod session;
