//! Log lines into the detector.

use std::num::NonZero;
use std::thread;

use indicatif::ProgressBar;

use super::batch::{Flaw, LineBatch, Lines, Part};
use super::inputs::{Input, unreadable};
use crate::detector::{Counters, Detector};
use crate::error::Error;
use crate::ordered_pool::run_in_order;
use crate::pair::PairHasher;
use crate::rules::StatusList;

/// The counts of a scan.
#[derive(Debug, Default)]
pub(super) struct LineCounters {
    /// Those of access log lines.
    pub(super) rows: Counters,
    /// Lines that are neither access log lines nor empty.
    pub(super) unparsable: u64,
    /// The place of the first of these, and what is wrong with it.
    pub(super) first_unparsable: Option<String>,
    /// The sentences about inputs that could not be read, or not to their ends: the first [`MOST_NAMED`].
    pub(super) unreadable: Vec<String>,
    /// How many there are.
    pub(super) unreadable_count: usize,
    /// How many inputs have something after their gzip data, and the first of them.
    pub(super) trailing_garbage: (usize, Option<String>),
}

/// The most inputs that are named because they cannot be read.
const MOST_NAMED: usize = 20;

/// The lines so far.
#[derive(Debug)]
pub(super) struct Intake {
    detector: Detector,
    hasher: PairHasher,
    success: StatusList,
    counters: LineCounters,
}

/// The most threads that read lines: more would wait for their turns at the input.
const MOST_READERS: usize = 4;

impl Intake {
    pub(super) fn new(detector: Detector, success: StatusList) -> Self {
        Self {
            hasher: detector.hasher().clone(),
            detector,
            success,
            counters: LineCounters::default(),
        }
    }

    /// See [`LineCounters::add_unreadable`].
    pub(super) fn add_unreadable(&mut self, sentence: String) {
        self.counters.add_unreadable(sentence);
    }

    pub(super) fn into_parts(self) -> (Detector, LineCounters) {
        (self.detector, self.counters)
    }

    /// Reads the inputs, one after the other, to their ends.
    ///
    /// # Errors
    /// The detector cannot go on.
    pub(super) fn read(&mut self, inputs: &[Input], progress: &ProgressBar) -> Result<(), Error> {
        let Self {
            detector,
            hasher,
            success,
            counters,
        } = self;
        let lines = Lines::new(inputs, progress);
        let maker = || |batch: &mut LineBatch| batch.read(success, hasher);
        let mut place = InputPlace::default();
        run_in_order(readers(), lines, LineBatch::take, maker, |batch| {
            let Ok(batch) = batch;
            for part in batch.parts() {
                counters.add(part, inputs, &mut place);
            }
            detector.ingest(batch, &mut counters.rows)
        })
    }
}

/// How far the inputs have been read.
#[derive(Debug, Default)]
struct InputPlace {
    /// The number of the input.
    input: usize,
    /// The lines of it that were read.
    lines: u64,
}

impl LineCounters {
    /// Counts an input that cannot be read, or not to its end, and keeps the sentence about it.
    pub(super) fn add_unreadable(&mut self, sentence: String) {
        self.unreadable_count += 1;
        if self.unreadable.len() < MOST_NAMED {
            self.unreadable.push(sentence);
        }
    }

    fn add_flaw(&mut self, flaw: &Flaw, input: &Input) {
        match flaw {
            Flaw::Unreadable(cause) => {
                self.add_unreadable(unreadable(&input.name(), &cause.to_string()));
            }
            Flaw::TrailingGarbage => {
                let (count, first) = &mut self.trailing_garbage;
                *count += 1;
                first.get_or_insert_with(|| input.name());
            }
        }
    }

    /// Adds the flaw of `part`, and the lines that are no access log lines, and moves `place` to its end.
    fn add(&mut self, part: &Part, inputs: &[Input], place: &mut InputPlace) {
        if place.input != part.input {
            *place = InputPlace {
                input: part.input,
                lines: 0,
            };
        }
        if let (Some(flaw), Some(input)) = (&part.flaw, inputs.get(part.input)) {
            self.add_flaw(flaw, input);
        }
        self.unparsable += part.unparsable;
        if let (Some((number, wrong)), Some(input)) =
            (&part.first_unparsable, inputs.get(part.input))
        {
            let line = place.lines + number;
            let first = || format!("{}, line {line}, {wrong}", input.name());
            self.first_unparsable.get_or_insert_with(first);
        }
        place.lines += part.lines;
    }
}

/// The threads that read lines: one for each processor but the caller's.
fn readers() -> usize {
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    MOST_READERS.min(processors - 1)
}
