//! s3newip: which IP address has just accessed which S3 bucket for the first time?
//!
//! A Splunk search command (`| s3newip`) and a scanner of S3 server access logs (`s3newip scan`) on one engine. The
//! modules below stand in the order in which they may know each other: a module uses only modules above it.

pub mod error;
pub mod frame;
pub mod message;
pub mod shown;
pub mod timestamp;

pub mod accesslog;
pub mod reltime;
pub mod rows;

pub mod access;
pub mod detector;
pub mod held;
pub mod history;
pub mod options;
pub mod pair;
pub mod settled;
pub mod sightings;

pub mod app;
pub mod dispatch;
pub mod session;
