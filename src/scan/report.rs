//! The messages of a scan on standard error.

use std::io::{self, IsTerminal, Write};
use std::path::Path;

use indicatif::{ProgressBar, ProgressStyle};

use super::arguments::{Format, ScanArguments};
use super::geoip::GeoIp;
use super::inputs::{Found, Input};
use super::intake::LineCounters;
use super::publish::Published;
use crate::detector::Outcome;
use crate::history::Failure;
use crate::rules::{KeyFields, NewRule};
use crate::text::escape;

/// A progress bar over the bytes of all inputs; only their count where standard input is among them, whose length is not
/// known. It is hidden unless standard error is a terminal.
pub(super) fn progress(inputs: &[Input]) -> ProgressBar {
    let (bar, template) = if inputs.contains(&Input::Stdin) {
        (
            ProgressBar::no_length(),
            "standard input: {bytes} {bytes_per_sec}",
        )
    } else {
        let total = inputs.iter().map(Input::size).sum();
        let template = "{bar:30} {bytes}/{total_bytes} {bytes_per_sec} {eta}";
        (ProgressBar::new(total), template)
    };
    let style = ProgressStyle::with_template(template);
    style.map_or(bar.clone(), |style| bar.with_style(style))
}

/// The messages at the end of a scan.
#[derive(Debug)]
pub(super) struct Report {
    lookup: String,
    warnings: Vec<String>,
    /// `None` where the result goes to a program and standard error is not a terminal.
    summary: Option<Summary>,
}

/// One line about all of it; what became of the history stands between these.
#[derive(Debug)]
struct Summary {
    accesses: String,
    /// Pairs of the history when the result was decided.
    before: u64,
    skipped: String,
}

impl Report {
    /// For a scan that found `found`, read `counters`, came to `outcome` and looked up places in `geoip`.
    pub(super) fn new(
        arguments: &ScanArguments,
        found: &Found,
        counters: &LineCounters,
        outcome: &Outcome,
        geoip: Option<&GeoIp>,
    ) -> Self {
        let lookup = escape::escaped(arguments.lookup.as_os_str().as_encoded_bytes());
        let unreadable = counters.unreadable.iter().cloned();
        let warnings = [
            unreadable_count(counters),
            trailing_garbage(counters),
            dangling(found),
            not_followed(found),
            unparsable(counters),
            empty_history(arguments, &lookup, outcome),
            counters.rows.ambiguous_message(),
            outcome.without_rows_message(),
            geoip.and_then(GeoIp::warning),
        ];
        let watched = arguments.format == Format::Table || io::stderr().is_terminal();
        Self {
            warnings: unreadable.chain(warnings.into_iter().flatten()).collect(),
            summary: watched.then(|| Summary::new(counters, outcome)),
            lookup,
        }
    }

    /// Writes the messages to standard error. If that is closed, the exit code still reports a failure.
    pub(super) fn print(&self, published: &Published) {
        let unpublished = match published {
            Published::Failed(failure) => Some(unpublished(&self.lookup, failure)),
            Published::NotWanted | Published::Done(_) => None,
        };
        let mut out = io::stderr();
        for warning in self.warnings.iter().chain(&unpublished) {
            let _ = writeln!(out, "s3newip: {warning}");
        }
        if let Some(summary) = &self.summary {
            let _ = writeln!(out, "{}", summary.line(&self.lookup, published));
        }
    }
}

impl Summary {
    fn new(counters: &LineCounters, outcome: &Outcome) -> Self {
        let skipped = counters.rows.skipped_message(KeyFields::default().names());
        Self {
            accesses: format!(
                "{} accesses, {} successful, {} pairs, {} new",
                counters.rows.rows,
                counters.rows.successful,
                outcome.sightings.len(),
                outcome.new_pairs().count()
            ),
            before: outcome.merged.before,
            skipped: skipped.map_or_else(String::new, |skipped| format!("; {skipped}")),
        }
    }

    fn line(&self, lookup: &str, published: &Published) -> String {
        let Self {
            accesses,
            before,
            skipped,
        } = self;
        let (before, after) = match published {
            Published::Done(merged) => {
                let after = merged.before + merged.added;
                (merged.before, format!("{after} after"))
            }
            Published::Failed(failure) if failure.uncertain => {
                (*before, "perhaps not written".to_owned())
            }
            Published::Failed(_) | Published::NotWanted => (*before, "not written".to_owned()),
        };
        format!("{accesses}; history {lookup}: {before} pairs before, {after}{skipped}")
    }
}

fn unreadable_count(counters: &LineCounters) -> Option<String> {
    let count = counters.unreadable_count;
    (count > 0).then(|| {
        format!("{count} inputs could not be read, or not to their ends; what was read of them and of the others counts")
    })
}

fn trailing_garbage(counters: &LineCounters) -> Option<String> {
    let (count, first) = &counters.trailing_garbage;
    let first = first.as_ref()?;
    Some(format!(
        "{count} files have something after their gzip data that was not read; the first: {first}"
    ))
}

fn dangling(found: &Found) -> Option<String> {
    let first = escaped(found.dangling.first()?);
    let count = found.dangling.len();
    Some(format!("{count} links lead to nothing; the first: {first}"))
}

fn not_followed(found: &Found) -> Option<String> {
    let first = escaped(found.links.first()?);
    let count = found.links.len();
    Some(format!(
        "{count} links to folders were not followed; the first: {first}; name the folders that are to be read too"
    ))
}

fn escaped(path: &Path) -> String {
    escape::escaped(path.as_os_str().as_encoded_bytes())
}

fn unparsable(counters: &LineCounters) -> Option<String> {
    let first = counters.first_unparsable.as_ref()?;
    let lines = counters.unparsable + counters.rows.rows;
    Some(format!(
        "{} of {lines} lines are no S3 access log lines; the first: {first}",
        counters.unparsable
    ))
}

fn empty_history(arguments: &ScanArguments, lookup: &str, outcome: &Outcome) -> Option<String> {
    let empty = outcome.merged.before == 0 && !arguments.seed;
    empty.then(|| {
        let meaning = match arguments.new {
            NewRule::Unseen => "every pair counts as never seen",
            NewRule::Window => "what is new is decided by these logs alone",
        };
        format!("the history {lookup} was empty, so {meaning}; learn from older logs first: s3newip scan --seed")
    })
}

/// What to do about a failure that names no remedy of its own.
const DISK_REMEDY: &str = "make room on the disk or correct the permissions of its folder";

fn unpublished(lookup: &str, failure: &Failure) -> String {
    let state = if failure.uncertain {
        "may not have been written"
    } else {
        "could not be written and is as it was"
    };
    let remedy = failure.error.remedy().unwrap_or(DISK_REMEDY);
    format!(
        "the history {lookup} {state}: {}; {remedy}, then scan again",
        failure.error.what()
    )
}
