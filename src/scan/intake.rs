//! Log lines into the detector.

use indicatif::ProgressBar;

use super::inputs::Input;
use super::lines::next_line;
use crate::access::{Access, PairTexts, Unusable, usable};
use crate::accesslog::{self, HttpStatus, Line};
use crate::detector::{Detector, Expected, Tally};
use crate::error::Error;
use crate::options::{Output, StatusList};
use crate::pair::PairKey;
use crate::rows::push_cell;
use crate::timestamp::Timestamp;

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
    success: StatusList,
    tally: LineTally,
    pairs: PairTexts,
    keys: Vec<PairKey>,
    expected: Vec<Expected>,
    row: Vec<u8>,
}

impl Intake {
    pub(super) fn new(detector: Detector, success: StatusList) -> Self {
        Self {
            detector,
            success,
            tally: LineTally::default(),
            pairs: PairTexts::default(),
            keys: Vec::new(),
            expected: Vec::new(),
            row: Vec::new(),
        }
    }

    pub(super) fn into_parts(self) -> (Detector, LineTally) {
        (self.detector, self.tally)
    }

    /// Reads one input to its end.
    ///
    /// # Errors
    /// The input cannot be read, or the detector cannot go on.
    pub(super) fn read(&mut self, input: &Input, progress: &ProgressBar) -> Result<(), Error> {
        let mut stream = input.open(progress)?;
        let mut line = Vec::new();
        let mut number = 0_u64;
        while next_line(&mut stream, &mut line).map_err(|cause| input.failed(&cause))? {
            number += 1;
            match accesslog::parse(&line) {
                Ok(access) => self.read_line(&access)?,
                Err(_) if line.is_empty() => {}
                Err(wrong) => {
                    self.tally.unparsable += 1;
                    let place = || format!("{}, line {number}, {wrong}", input.name());
                    self.tally.first_unparsable.get_or_insert_with(place);
                }
            }
        }
        Ok(())
    }

    fn read_line(&mut self, line: &Line<'_>) -> Result<(), Error> {
        self.tally.rows.rows += 1;
        let access = match self.access(line) {
            Ok(access) => access,
            Err(why) => {
                self.tally.rows.skip(why);
                return Ok(());
            }
        };
        if !access.success {
            return Ok(());
        }
        self.tally.rows.successful += 1;
        let hasher = self.detector.hasher();
        self.keys.clear();
        self.keys
            .extend(self.pairs.iter().map(|text| hasher.key(text)));
        self.detector.expect(&self.keys, &mut self.expected);
        let pairs = self.expected.iter().zip(self.pairs.iter());
        if !self.detector.absorb(&access, pairs)? {
            return Ok(());
        }
        self.row.clear();
        if self.detector.rules().output != Output::Pairs {
            access.first.write(&mut self.row);
            self.row.push(b',');
        }
        push_details(&mut self.row, line);
        self.detector.hold(0, &self.row)
    }

    fn access(&mut self, line: &Line<'_>) -> Result<Access, Unusable> {
        self.pairs.clear();
        for (index, value) in [line.bucket_name, line.remote_ip].into_iter().enumerate() {
            self.pairs.push_value(usable(value, index)?);
        }
        self.pairs.end();
        let time = Timestamp::from_seconds(line.request_time);
        let success = match line.http_status {
            HttpStatus::Code(code) => self.success.contains(code),
            HttpStatus::Absent | HttpStatus::Ambiguous => true,
        };
        Ok(Access {
            first: time,
            last: time,
            success,
            count: 1,
        })
    }
}

/// Appends the cells that [`crate::detector::DETAILS`] names.
fn push_details(row: &mut Vec<u8>, line: &Line<'_>) {
    match line.http_status {
        HttpStatus::Code(code) => row.extend_from_slice(code.to_string().as_bytes()),
        HttpStatus::Absent => row.push(b'-'),
        HttpStatus::Ambiguous => row.extend_from_slice(b"ambiguous"),
    }
    for cell in [
        line.operation,
        line.request_uri,
        line.requester,
        line.user_agent,
    ] {
        row.push(b',');
        push_cell(row, cell);
    }
}
