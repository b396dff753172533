//! `| s3newip`: the search command on Splunk's chunked protocol, and what it takes from the app and the search job.

pub mod frame;

pub mod session_key;

pub mod message;

pub mod options;

pub mod app;

pub mod job_info;

pub mod rest;

pub mod session;
