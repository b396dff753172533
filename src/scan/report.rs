//! What a scan says on standard error.
#![expect(
    clippy::print_stderr,
    reason = "this is the room that speaks to a person's terminal"
)]

use std::io::{self, IsTerminal};

use indicatif::{ProgressBar, ProgressStyle};

use super::arguments::{Format, ScanArguments};
use super::inputs::Input;
use super::intake::LineTally;
use crate::detector::{Conclusion, Trouble};
use crate::options::KeyFields;
use crate::shown;

/// A progress bar over the bytes of all inputs: on a terminal; nothing elsewhere.
pub(super) fn progress(inputs: &[Input]) -> ProgressBar {
    let total = inputs.iter().map(Input::size).sum();
    let bar = ProgressBar::new(total);
    let style =
        ProgressStyle::with_template("{bar:30} {bytes}/{total_bytes} {bytes_per_sec} {eta}");
    style.map_or(bar.clone(), |style| bar.with_style(style))
}

/// The end of a scan, in words.
#[derive(Debug)]
pub(super) struct Report {
    /// What a person must know.
    warnings: Vec<String>,
    /// What a person who watches wants to know.
    summary: Option<String>,
}

impl Report {
    /// About a scan that read `tally` and came to `conclusion`.
    pub(super) fn new(
        arguments: &ScanArguments,
        tally: &LineTally,
        conclusion: &Conclusion,
    ) -> Self {
        let lookup = shown::escaped(arguments.lookup.as_os_str().as_encoded_bytes());
        let warnings = [
            unparsable(tally),
            empty_history(arguments, &lookup, conclusion),
            troubled(&lookup, conclusion),
        ];
        let watched = arguments.format == Format::Table || io::stderr().is_terminal();
        Self {
            warnings: warnings.into_iter().flatten().collect(),
            summary: watched.then(|| summary(arguments, &lookup, tally, conclusion)),
        }
    }

    /// Says it.
    pub(super) fn print(&self) {
        for warning in &self.warnings {
            eprintln!("s3newip: {warning}");
        }
        if let Some(summary) = &self.summary {
            eprintln!("{summary}");
        }
    }
}

fn unparsable(tally: &LineTally) -> Option<String> {
    let first = tally.first_unparsable.as_ref()?;
    let lines = tally.unparsable + tally.rows.rows;
    Some(format!(
        "{} of {lines} lines are no S3 access log lines; the first: {first}",
        tally.unparsable
    ))
}

fn empty_history(
    arguments: &ScanArguments,
    lookup: &str,
    conclusion: &Conclusion,
) -> Option<String> {
    let empty = conclusion.merged.before == 0 && !arguments.seed;
    empty.then(|| {
        format!("the history {lookup} was empty, so every pair is new; learn from older logs first: s3newip scan --seed")
    })
}

fn troubled(lookup: &str, conclusion: &Conclusion) -> Option<String> {
    let trouble = conclusion.trouble.as_ref()?;
    Some(format!(
        "the history {lookup} {trouble}; make room on the disk, correct the permissions of its folder or end the run \
         that holds the lock, then scan again"
    ))
}

fn summary(
    arguments: &ScanArguments,
    lookup: &str,
    tally: &LineTally,
    conclusion: &Conclusion,
) -> String {
    let merged = &conclusion.merged;
    let after = if arguments.dry_run || matches!(conclusion.trouble, Some(Trouble::Unwritten(_))) {
        "not written".to_owned()
    } else {
        format!("{} after", merged.before + merged.added)
    };
    let skipped = tally.rows.skipped_message(KeyFields::default().names());
    format!(
        "{} accesses, {} successful, {} pairs, {} new; history {lookup}: {} pairs before, {after}{}",
        tally.rows.rows,
        tally.rows.successful,
        conclusion.sightings.len(),
        conclusion.new_pairs().count(),
        merged.before,
        skipped
            .map(|skipped| format!("; {skipped}"))
            .unwrap_or_default()
    )
}
