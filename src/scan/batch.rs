//! Log lines, and the accesses read from them: all the work on lines that needs no detector.

use std::convert::Infallible;
use std::ops::Range;
use std::{io, iter, slice};

use indicatif::ProgressBar;

use super::content::Content;
use super::inputs::Input;
use super::lines::{LineReader, lines};
use crate::access::{Access, Agreements, PairTexts, Unusable, is_success, usable};
use crate::accesslog::{self, HttpStatus, Line, ParseError};
use crate::detector::{AMBIGUOUS, AccessBatch, Batch, Details, HeaderId};
use crate::pair::PairHasher;
use crate::rules::StatusList;
use crate::text::timestamp::Timestamp;

/// The bytes of lines at which a batch is full. Many small files, as S3 delivers them, make one batch together.
const BATCH_BYTES: usize = 64 << 10;

/// The lines of all inputs, one input after the other.
pub(super) struct Lines<'a> {
    inputs: iter::Enumerate<slice::Iter<'a, Input>>,
    progress: &'a ProgressBar,
    /// The input being read.
    opened: Option<Opened>,
}

/// An input that was opened.
struct Opened {
    number: usize,
    lines: LineReader<Content>,
}

impl<'a> Lines<'a> {
    pub(super) fn new(inputs: &'a [Input], progress: &'a ProgressBar) -> Self {
        Self {
            inputs: inputs.iter().enumerate(),
            progress,
            opened: None,
        }
    }

    /// Puts the next lines into `text`, and the place of each input's lines into `parts`: no parts at the end.
    fn next(&mut self, text: &mut Vec<u8>, parts: &mut Vec<Part>) {
        let mut end = 0;
        while end < BATCH_BYTES {
            if let Some(Opened { number, lines }) = &mut self.opened {
                let place = end..lines.next_lines(text, end);
                if !place.is_empty() {
                    end = place.end;
                    parts.push(Part::new(*number, place));
                    continue;
                }
            }
            parts.extend(self.opened.take().and_then(Opened::flaw));
            let Some((number, input)) = self.inputs.next() else {
                break;
            };
            match input.open(self.progress) {
                Ok(content) => {
                    let lines = LineReader::new(content);
                    self.opened = Some(Opened { number, lines });
                }
                Err(cause) => parts.push(Part::flawed(number, Flaw::Unreadable(cause))),
            }
            // Many inputs that are empty or cannot be opened have no lines to fill it.
            if parts.len() > BATCH_BYTES / size_of::<Part>() {
                break;
            }
        }
    }
}

/// What is wrong with an input, apart from its lines.
#[derive(Debug)]
pub(super) enum Flaw {
    /// It could not be read, or not to its end.
    Unreadable(io::Error),
    /// Something that was not read follows its gzip data.
    TrailingGarbage,
}

impl Opened {
    /// What has turned out to be wrong with it, at its end.
    fn flaw(self) -> Option<Part> {
        let (content, failed) = self.lines.into_parts();
        let garbage = content
            .has_trailing_garbage()
            .then_some(Flaw::TrailingGarbage);
        let flaw = failed.map(Flaw::Unreadable).or(garbage)?;
        Some(Part::flawed(self.number, flaw))
    }
}

/// The lines of one input in a batch.
#[derive(Debug)]
pub(super) struct Part {
    /// The number of the input, from 0.
    pub(super) input: usize,
    place: Range<usize>,
    pub(super) lines: u64,
    /// Lines that are neither access log lines nor empty.
    pub(super) unparsable: u64,
    /// The number (from 1) of the first of these, and what is wrong with it.
    pub(super) first_unparsable: Option<(u64, ParseError)>,
    /// What is wrong with the input, once it has ended.
    pub(super) flaw: Option<Flaw>,
}

impl Part {
    fn new(input: usize, place: Range<usize>) -> Self {
        Self {
            input,
            place,
            lines: 0,
            unparsable: 0,
            first_unparsable: None,
            flaw: None,
        }
    }

    /// No lines, and word of a flaw.
    fn flawed(input: usize, flaw: Flaw) -> Self {
        Self {
            flaw: Some(flaw),
            ..Self::new(input, 0..0)
        }
    }
}

/// Lines that were read at once, and the accesses of those that are access log lines.
#[derive(Debug, Default)]
pub(super) struct LineBatch {
    text: Vec<u8>,
    parts: Vec<Part>,
    accesses: AccessBatch,
    /// Where the line of each access is in `text`.
    places: Vec<Range<usize>>,
}

impl LineBatch {
    /// Fills the batch with the next lines. Returns `false` at the end.
    ///
    /// # Errors
    /// None: an input that cannot be read is a [`Flaw`].
    pub(super) fn take(lines: &mut Lines<'_>, batch: &mut Self) -> Result<bool, Infallible> {
        batch.parts.clear();
        lines.next(&mut batch.text, &mut batch.parts);
        Ok(!batch.parts.is_empty())
    }

    /// Reads the accesses of the lines.
    pub(super) fn read(&mut self, success: &StatusList, hasher: &PairHasher) {
        self.accesses.clear();
        self.places.clear();
        for part in &mut self.parts {
            let text = self.text.get(part.place.clone()).unwrap_or_default();
            for place in lines(text) {
                part.lines += 1;
                let line = text.get(place.clone()).unwrap_or_default();
                match accesslog::parse(line) {
                    Ok(line) => {
                        let read = |texts: &mut _| access(&line, success, texts);
                        self.accesses.add(hasher, read);
                        let start = part.place.start;
                        self.places.push(start + place.start..start + place.end);
                    }
                    Err(_) if line.is_empty() => {}
                    Err(wrong) => {
                        part.unparsable += 1;
                        part.first_unparsable.get_or_insert((part.lines, wrong));
                    }
                }
            }
        }
    }

    /// The lines of each input.
    pub(super) fn parts(&self) -> &[Part] {
        &self.parts
    }

    fn line(&self, row: usize) -> Option<Line<'_>> {
        let line = self.text.get(self.places.get(row)?.clone())?;
        accesslog::parse(line).ok()
    }
}

impl Batch for LineBatch {
    fn accesses(&self) -> &AccessBatch {
        &self.accesses
    }

    /// Lines have no header: they are all the same.
    fn header(&self) -> HeaderId {
        0
    }

    fn write_held(&self, row: usize, held: &mut Vec<u8>) {
        if let Some(line) = self.line(row) {
            write_details(&line, held);
        }
    }
}

fn write_details(line: &Line<'_>, held: &mut Vec<u8>) {
    let mut digits = itoa::Buffer::new();
    let http_status = match line.http_status {
        HttpStatus::Code(code) => digits.format(code).as_bytes(),
        HttpStatus::Absent => b"-",
        HttpStatus::Ambiguous => AMBIGUOUS,
    };
    let cells = [
        http_status,
        line.operation,
        line.request_uri,
        line.requester,
        line.user_agent(),
    ];
    Details::encode(Timestamp::from_seconds(line.request_time), cells, held);
}

/// The access of a line; the text of its pair is added to `texts`.
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
    Ok(Access {
        first: time,
        last: time,
        success: is_success(line.http_status, success),
        count: 1,
        ambiguous: line.http_status == HttpStatus::Ambiguous,
        agreements: Agreements::default(),
    })
}
