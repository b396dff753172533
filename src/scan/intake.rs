//! Log lines into the detector.

use std::num::NonZero;
use std::thread;

use indicatif::ProgressBar;

use super::batch::{Batch, Lines};
use super::inputs::Input;
use crate::accesslog::{HttpStatus, Line};
use crate::csv::push_cell;
use crate::detector::{Counters, Detector};
use crate::error::Error;
use crate::ordered_pool::run_in_order;
use crate::pair::PairHasher;
use crate::rules::{Output, StatusList};
use crate::text::timestamp::Timestamp;

/// What was read.
#[derive(Debug, Default)]
pub(super) struct LineCounters {
    /// Lines that are access log lines, and what became of them.
    pub(super) rows: Counters,
    /// Lines that are not.
    pub(super) unparsable: u64,
    /// The first of these: where it is and what is wrong with it.
    pub(super) first_unparsable: Option<String>,
}

/// The lines so far.
#[derive(Debug)]
pub(super) struct Intake {
    detector: Detector,
    hasher: PairHasher,
    success: StatusList,
    counters: LineCounters,
}

/// The most threads that read lines: more would wait for their turns.
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

    pub(super) fn into_parts(self) -> (Detector, LineCounters) {
        (self.detector, self.counters)
    }

    /// Reads the inputs, one after the other, to their ends.
    ///
    /// # Errors
    /// An input cannot be read, or the detector cannot go on.
    pub(super) fn read(&mut self, inputs: &[Input], progress: &ProgressBar) -> Result<(), Error> {
        let Self {
            detector,
            hasher,
            success,
            counters,
        } = self;
        let lines = Lines::new(inputs, progress);
        let maker = || |batch: &mut Batch| batch.read(success, hasher);
        // The lines before, of the same input.
        let (mut input, mut before) = (0, 0);
        run_in_order(readers(), lines, Batch::take, maker, |batch| {
            let batch = batch?;
            for part in batch.parts() {
                if input != part.input {
                    (input, before) = (part.input, 0);
                }
                counters.unparsable += part.unparsable;
                if let (Some((number, wrong)), Some(input)) =
                    (&part.first_unparsable, inputs.get(input))
                {
                    let place = || format!("{}, line {}, {wrong}", input.name(), before + number);
                    counters.first_unparsable.get_or_insert_with(place);
                }
                before += part.lines;
            }
            let with_time = detector.rules().output != Output::Pairs;
            let row = |row_number, row: &mut Vec<u8>| {
                if let Some(line) = batch.line(row_number) {
                    push_row(row, &line, with_time);
                }
            };
            detector.ingest(batch.accesses(), &mut counters.rows, 0, row)
        })
    }
}

/// How many threads read lines: one for each processor but the caller's.
fn readers() -> usize {
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    MOST_READERS.min(processors - 1)
}

/// Appends what is held of a line: its time where that is wanted, and the cells that [`crate::detector::DETAILS`] names.
fn push_row(row: &mut Vec<u8>, line: &Line<'_>, with_time: bool) {
    if with_time {
        Timestamp::from_seconds(line.request_time).write(row);
        row.push(b',');
    }
    match line.http_status {
        HttpStatus::Code(code) => row.extend_from_slice(code.to_string().as_bytes()),
        HttpStatus::Absent => row.push(b'-'),
        HttpStatus::Ambiguous => row.extend_from_slice(b"ambiguous"),
    }
    for cell in [
        line.operation,
        line.request_uri,
        line.requester,
        line.user_agent(),
    ] {
        row.push(b',');
        push_cell(row, cell);
    }
}
