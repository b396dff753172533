//! The messages of a scan on standard error.

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;

use indicatif::{ProgressBar, ProgressStyle};

use super::arguments::{Format, ScanArguments};
use super::geoip::GeoIp;
use super::inputs::Input;
use super::intake::LineCounters;
use crate::detector::Outcome;
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
    warnings: Vec<String>,
    /// `None` where the result goes to a program and standard error is not a terminal.
    summary: Option<String>,
}

impl Report {
    /// For a scan that did not follow `links`, read `counters`, came to `outcome` and looked up places in `geoip`.
    pub(super) fn new(
        arguments: &ScanArguments,
        links: &[PathBuf],
        counters: &LineCounters,
        outcome: &Outcome,
        geoip: Option<&GeoIp>,
    ) -> Self {
        let lookup = escape::escaped(arguments.lookup.as_os_str().as_encoded_bytes());
        let warnings = [
            not_followed(links),
            unparsable(counters),
            empty_history(arguments, &lookup, outcome),
            outcome.without_rows_message(),
            unpublished(&lookup, outcome),
            geoip.and_then(GeoIp::warning),
        ];
        let watched = arguments.format == Format::Table || io::stderr().is_terminal();
        Self {
            warnings: warnings.into_iter().flatten().collect(),
            summary: watched.then(|| summary(arguments, &lookup, counters, outcome)),
        }
    }

    /// Writes the messages to `out`.
    ///
    /// # Errors
    /// Those of `out`.
    pub(super) fn print(&self, out: &mut dyn Write) -> io::Result<()> {
        for warning in &self.warnings {
            writeln!(out, "s3newip: {warning}")?;
        }
        match &self.summary {
            Some(summary) => writeln!(out, "{summary}"),
            None => Ok(()),
        }
    }
}

fn not_followed(links: &[PathBuf]) -> Option<String> {
    let first = escape::escaped(links.first()?.as_os_str().as_encoded_bytes());
    let count = links.len();
    Some(format!(
        "{count} links to folders were not followed; the first: {first}; name the folders that are to be read too"
    ))
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

fn unpublished(lookup: &str, outcome: &Outcome) -> Option<String> {
    let failure = outcome.unpublished.as_ref()?;
    let state = if failure.uncertain {
        "may not have been written"
    } else {
        "could not be written and is as it was"
    };
    let remedy = failure.error.remedy().unwrap_or(DISK_REMEDY);
    Some(format!(
        "the history {lookup} {state}: {}; {remedy}, then scan again",
        failure.error.what()
    ))
}

fn summary(
    arguments: &ScanArguments,
    lookup: &str,
    counters: &LineCounters,
    outcome: &Outcome,
) -> String {
    let merged = &outcome.merged;
    let after = match &outcome.unpublished {
        Some(failure) if failure.uncertain => "perhaps not written".to_owned(),
        None if !arguments.dry_run => format!("{} after", merged.before + merged.added),
        _ => "not written".to_owned(),
    };
    let skipped = counters.rows.skipped_message(KeyFields::default().names());
    format!(
        "{} accesses, {} successful, {} pairs, {} new; history {lookup}: {} pairs before, {after}{}",
        counters.rows.rows,
        counters.rows.successful,
        outcome.sightings.len(),
        outcome.new_pairs().count(),
        merged.before,
        skipped
            .map(|skipped| format!("; {skipped}"))
            .unwrap_or_default()
    )
}
