//! Lines that were read at once, and what they say: all that can be done before the detector sees them, by the threads
//! that read.

use std::io::{self, BufRead};
use std::ops::Range;

use super::lines::{LineReader, lines};
use crate::access::{Access, PairTexts, Unusable, usable};
use crate::accesslog::{self, HttpStatus, Line, NotALine};
use crate::detector::Arrivals;
use crate::options::StatusList;
use crate::pair::PairHasher;
use crate::timestamp::Timestamp;

/// The lines.
#[derive(Debug, Default)]
pub(super) struct Batch {
    text: Vec<u8>,
    /// How much of the text is lines.
    length: usize,
    /// Why there are no lines.
    failed: Option<io::Error>,
    arrivals: Arrivals,
    /// Where the line of each arrival is.
    places: Vec<Range<usize>>,
    /// How many lines there are.
    pub(super) lines: u64,
    /// How many of them are neither access log lines nor empty.
    pub(super) unparsable: u64,
    /// The first of these: its number (from 1) and what is wrong with it.
    pub(super) first_unparsable: Option<(u64, NotALine)>,
}

impl Batch {
    /// Puts the next lines of `reader` into the batch, or why there are none: then nothing more is read. `false` at the
    /// end.
    pub(super) fn take(reader: &mut Option<LineReader<impl BufRead>>, batch: &mut Self) -> bool {
        let Some(source) = reader else {
            return false;
        };
        let read = source.next_lines(&mut batch.text);
        batch.length = read.unwrap_or_else(|cause| {
            batch.failed = Some(cause);
            *reader = None;
            0
        });
        batch.length > 0 || batch.failed.is_some()
    }

    /// Reads the lines.
    pub(super) fn read(&mut self, success: &StatusList, hasher: &PairHasher) {
        self.arrivals.clear();
        self.places.clear();
        (self.lines, self.unparsable, self.first_unparsable) = (0, 0, None);
        let text = self.text.get(..self.length).unwrap_or_default();
        for place in lines(text) {
            self.lines += 1;
            let line = text.get(place.clone()).unwrap_or_default();
            match accesslog::parse(line) {
                Ok(line) => {
                    self.arrivals
                        .add(hasher, |texts| access(&line, success, texts));
                    self.places.push(place);
                }
                Err(_) if line.is_empty() => {}
                Err(wrong) => {
                    self.unparsable += 1;
                    self.first_unparsable.get_or_insert((self.lines, wrong));
                }
            }
        }
    }

    /// Why there are no lines.
    pub(super) fn failed(&mut self) -> Option<io::Error> {
        self.failed.take()
    }

    /// The lines that are access log lines.
    pub(super) fn arrivals(&self) -> &Arrivals {
        &self.arrivals
    }

    /// The line of the arrival with this number.
    pub(super) fn line(&self, arrival: usize) -> Option<Line<'_>> {
        let line = self.text.get(self.places.get(arrival)?.clone())?;
        accesslog::parse(line).ok()
    }
}

/// What a line says; the text of its pair is added to `texts`.
fn access(
    line: &Line<'_>,
    success: &StatusList,
    texts: &mut PairTexts,
) -> Result<Access, Unusable> {
    for (index, value) in [line.bucket_name, line.remote_ip].into_iter().enumerate() {
        texts.push_value(usable(value, index)?);
    }
    texts.end();
    let time = Timestamp::from_seconds(line.request_time);
    let success = match line.http_status {
        HttpStatus::Code(code) => success.contains(code),
        HttpStatus::Absent | HttpStatus::Ambiguous => true,
    };
    Ok(Access {
        first: time,
        last: time,
        success,
        count: 1,
    })
}
