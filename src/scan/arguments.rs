//! The arguments of `s3newip scan`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::reltime::RelativeTime;
use crate::rules::{DEFAULT_LOOKUP, DEFAULT_WINDOW, NewRule, Output, StatusList, whole_number};

/// Look through raw S3 server access logs for pairs of bucket and IP address that were never seen before.
///
/// The history of pairs is a CSV file; it is read, merged with what the logs say, and replaced atomically, once the result
/// has been shown: where standard output is closed early or the scan is interrupted, the history is as it was.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit status: 0 done, 1 failed (standard error says what of the history) or an input could not be read (the \
    others were learnt), 2 bad usage, 128 and the number of \
    the signal that interrupted it.\n\n\
    First learn from older logs, then look at new ones:\n  \
    s3newip scan --seed logs/2026-03-0[1-5]\n  \
    s3newip scan logs/2026-03-06"
)]
pub struct ScanArguments {
    /// Log files, folders of them, .gz files; "-" or nothing: standard input
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    /// The history
    #[arg(long, value_name = "FILE", default_value = DEFAULT_LOOKUP)]
    pub lookup: PathBuf,

    /// The threshold of newness for --new window, in Splunk's relative time
    #[arg(long, value_name = "TIME", default_value = DEFAULT_WINDOW, value_parser = RelativeTime::parse, allow_hyphen_values = true)]
    pub window: RelativeTime,

    /// What makes a pair new: "unseen" (in no row of the history) or "window" (first seen at or after the threshold)
    #[arg(long, value_name = "RULE", default_value = "unseen")]
    pub new: NewRule,

    /// The status codes and classes that count as successful access
    #[arg(long, value_name = "LIST", default_value = StatusList::DEFAULT)]
    pub status: StatusList,

    /// What to show: "events" of new pairs, new "pairs", or "all" successful events
    #[arg(long, value_name = "WHAT", default_value = "events")]
    pub output: Output,

    /// Events to show for each new pair; 0: all
    #[arg(long, value_name = "N", default_value = "0", value_parser = whole_number, allow_hyphen_values = true)]
    pub max_events: u32,

    /// Only learn: update the history, then show how many pairs were added
    #[arg(long)]
    pub seed: bool,

    /// Show the result and leave the history as it is
    #[arg(long)]
    pub dry_run: bool,

    /// The time that --window is relative to, in epoch seconds [default: the clock]
    #[arg(long, value_name = "EPOCH", value_parser = epoch_seconds, allow_hyphen_values = true)]
    pub now: Option<i64>,

    /// A database in MaxMind's format for the columns City and Country
    #[arg(long, value_name = "FILE.mmdb")]
    pub geoip: Option<PathBuf>,

    /// How to write the result
    #[arg(long, value_enum, default_value = "table")]
    pub format: Format,
}

/// Those that the calendar of the window's rules has.
fn epoch_seconds(text: &str) -> Result<i64, String> {
    let latest = jiff::Timestamp::MAX.as_second();
    let seconds = text
        .parse()
        .ok()
        .filter(|seconds| (0..=latest).contains(seconds));
    seconds.ok_or_else(|| format!("expected whole epoch seconds from 0 to {latest}"))
}

/// How the result is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Columns for a person to read
    Table,
    /// Comma-separated values, safe to open in a spreadsheet
    Csv,
    /// A JSON object a line
    Ndjson,
}
