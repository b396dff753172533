//! Properties that must hold for any input: one module for each kind of text from outside, one `check` in each.
//!
//! `check` panics where its property does not hold. The fuzz targets call it with the inputs of libFuzzer; the test
//! `fuzz_corpus` calls it with the corpus and with seeded mutations of it, on any compiler.
//!
//! No panic, round trips, and the same answer as a slower or another reader. What a search means (which rows count, what is
//! new, how a history is merged) is not modelled here: `tests/laws` does that.
//!
//! | module | what comes in | what must hold |
//! |---|---|---|
//! | [`frames`] | a stream on standard input | a slow reader of header lines agrees; replies are frames; how the stream is cut changes nothing; no file is left |
//! | [`metadata`] | a request's JSON | agrees with JSON read as a plain value; replies read back as written |
//! | [`event_rows`] | rows from splunkd | agree with the `csv` crate; rows come back unchanged, in order and as many as the summary says; cuts and chunks change nothing |
//! | [`access_lines`] | an S3 access log line | agrees with a slow parser |
//! | [`history_rows`] | a lookup file | agrees with the `csv` crate; a merge holds every sighting and changes times alone; merging twice changes nothing; broken files stay |
//! | [`options`] | the command's arguments | written out and read again they are the same; errors are one safe line |
//! | [`relative_times`] | a relative time, a now(), a zone | agrees with slow arithmetic in UTC; whole = step by step; snaps never lead to a later time |
//! | [`info_csv`] | info.csv | only `now`, `_tz` and `is_shc_mode` matter; agrees with our own CSV reader |
//! | [`multivalues`] | a `__mv_` cell | round trip |
//! | [`timestamps`] | epoch times | round trip; order and value as exact decimal numbers |
//! | [`scan_lines`] | a log file | agrees with lines split and parsed one by one; gzip changes nothing; nothing unsafe is shown |
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    unreachable_pub,
    reason = "a broken property is a panic; the test includes this file as a module of its own"
)]

pub mod access_lines;
mod csv_reference;
pub mod event_rows;
pub mod frames;
pub mod history_rows;
pub mod info_csv;
pub mod metadata;
pub mod multivalues;
pub mod options;
pub mod relative_times;
pub mod scan_lines;
mod sessions;
mod short_reads;
mod temp_app;
pub mod timestamps;

/// A property: it panics where it does not hold for these bytes.
pub type Check = fn(&[u8]);

/// Every target's name, which is that of its corpus, and its property.
pub const TARGETS: [(&str, Check); 11] = [
    ("access_lines", access_lines::check),
    ("event_rows", event_rows::check),
    ("frames", frames::check),
    ("history_rows", history_rows::check),
    ("info_csv", info_csv::check),
    ("metadata", metadata::check),
    ("multivalues", multivalues::check),
    ("options", options::check),
    ("relative_times", relative_times::check),
    ("scan_lines", scan_lines::check),
    ("timestamps", timestamps::check),
];
