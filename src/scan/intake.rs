//! Log lines into the detector.

use std::num::NonZero;
use std::thread;

use indicatif::ProgressBar;

use super::batch::{Batch, Lines};
use super::inputs::Input;
use crate::accesslog::{HttpStatus, Line};
use crate::detector::{Detector, Tally};
use crate::error::Error;
use crate::options::{Output, StatusList};
use crate::pair::PairHasher;
use crate::rows::push_cell;
use crate::timestamp::Timestamp;
use crate::turns::in_turns;

/// What was read.
#[derive(Debug, Default)]
pub(super) struct LineTally {
    /// Lines that are access log lines, and what became of them.
    pub(super) rows: Tally,
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
    tally: LineTally,
}

/// The most threads that read lines: more would wait for their turns.
const MOST_READERS: usize = 4;

impl Intake {
    pub(super) fn new(detector: Detector, success: StatusList) -> Self {
        Self {
            hasher: detector.hasher().clone(),
            detector,
            success,
            tally: LineTally::default(),
        }
    }

    pub(super) fn into_parts(self) -> (Detector, LineTally) {
        (self.detector, self.tally)
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
            tally,
        } = self;
        let lines = Lines::new(inputs, progress);
        let maker = || |batch: &mut Batch| batch.read(success, hasher);
        // The lines before, of the same input.
        let (mut input, mut before) = (0, 0);
        in_turns(readers(), lines, Batch::take, maker, |batch| {
            let batch = batch?;
            for part in batch.parts() {
                if input != part.input {
                    (input, before) = (part.input, 0);
                }
                tally.unparsable += part.unparsable;
                if let (Some((number, wrong)), Some(input)) =
                    (&part.first_unparsable, inputs.get(input))
                {
                    let place = || format!("{}, line {}, {wrong}", input.name(), before + number);
                    tally.first_unparsable.get_or_insert_with(place);
                }
                before += part.lines;
            }
            let with_time = detector.rules().output != Output::Pairs;
            let row = |arrival, row: &mut Vec<u8>| {
                if let Some(line) = batch.line(arrival) {
                    push_row(row, &line, with_time);
                }
            };
            detector.take_in(batch.arrivals(), &mut tally.rows, 0, row)
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
