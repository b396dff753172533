//! The rows that splunkd sends, chunk by chunk, into the detector.

use std::io::{self, Read};
use std::ops::Range;

use super::ahead::{AHEAD_BYTES, read_ahead};
use super::connection::Lost;
use crate::access::{Access, AccessColumns, PairTexts, Unusable};
use crate::detector::{DETAILS, Detector, Expected, Tally};
use crate::error::Error;
use crate::options::{Options, Output, StatusList};
use crate::rows::{Header, ReadError, Record, RecordReader, Records};

/// The fields that an event search reads, and those that people put into its table: a field that nobody asks for is
/// not extracted (splunkd drives extraction by required_fields).
pub(super) const EVENTS_FIELDS: &[&str] = &[
    "_time",
    "_raw",
    "http_status",
    "operation",
    "request_uri",
    "requester",
    "user_agent",
];

/// The same for a search that returns a table, which gets no other columns: with those of rows from stats and tstats.
pub(super) const REPORTING_FIELDS: &[&str] = &[
    "_time",
    "_raw",
    "http_status",
    "operation",
    "request_uri",
    "requester",
    "user_agent",
    "firstTime",
    "lastTime",
    "earliest",
    "latest",
    "firstTimeSeen",
    "lastTimeSeen",
    "count",
];

/// A header that a chunk came with.
#[derive(Debug)]
pub(super) struct ChunkHeader {
    raw: Vec<u8>,
    /// The names.
    pub(super) names: Header,
    columns: AccessColumns,
    details: [Option<usize>; DETAILS.len()],
}

impl ChunkHeader {
    fn new(record: &Record<'_>, keys: &[String]) -> Self {
        let names = Header::new(record);
        Self {
            raw: record.bytes().to_vec(),
            columns: AccessColumns::find(&names, keys),
            details: DETAILS.map(|name| names.position(name.as_bytes())),
            names,
        }
    }

    /// Whether a record has as many cells.
    fn fits(&self, record: &Record<'_>) -> bool {
        record.cells() == self.names.len()
    }

    /// Whether it has the column [`DETAILS`]`[index]`.
    pub(super) fn has_detail(&self, index: usize) -> bool {
        self.details.get(index).is_some_and(Option::is_some)
    }
}

/// The rows so far.
#[derive(Debug)]
pub(super) struct Intake {
    detector: Detector,
    success: StatusList,
    keys: Vec<String>,
    headers: Vec<ChunkHeader>,
    tally: Tally,
    /// The pairs of a group of rows, and what was found of them.
    pairs: PairTexts,
    expected: Vec<Expected>,
    details: Vec<u8>,
    /// Memory for the next chunk.
    spare: Vec<Records>,
}

/// How many rows or pairs are looked at together (see [`Detector::expect`]).
const GROUP: usize = 32;

/// A row, what it says, and which pairs of its group are its own.
struct Arrival<'a> {
    record: Record<'a>,
    access: Result<Access, Unusable>,
    pairs: Range<usize>,
}

impl Intake {
    pub(super) fn new(detector: Detector, options: &Options) -> Self {
        Self {
            detector,
            success: options.status.clone(),
            keys: options.by.names().to_vec(),
            headers: Vec::new(),
            tally: Tally::default(),
            pairs: PairTexts::default(),
            expected: Vec::new(),
            details: Vec::new(),
            spare: Vec::new(),
        }
    }

    /// The detector, the headers in order of first appearance, and the counts.
    pub(super) fn into_parts(self) -> (Detector, Vec<ChunkHeader>, Tally) {
        (self.detector, self.headers, self.tally)
    }

    /// Reads the rows of one chunk, `length` bytes of CSV.
    pub(super) fn read_chunk(&mut self, body: impl Read + Send, length: u64) -> Result<(), Lost> {
        let spare = self.spare.pop().unwrap_or_default();
        let mut reader = RecordReader::with_spare(body, spare);
        let header = match reader
            .next_record()
            .map_err(|error| self.unreadable(error))?
        {
            Some(first) => self.header(&first.record),
            None => return Ok(()),
        };
        if length >= AHEAD_BYTES {
            read_ahead(&mut reader, |records| {
                let records = records.map_err(|error| self.unreadable(error))?;
                Ok::<_, Lost>(self.read_rows(header, records)?)
            })?;
        }
        while let Some(records) = reader
            .next_records(self.spare.pop().unwrap_or_default())
            .map_err(|error| self.unreadable(error))?
        {
            self.read_rows(header, &records)?;
            self.spare.push(records);
        }
        self.spare.push(reader.into_spare());
        Ok(())
    }

    /// The number of this header: that of an earlier chunk, nearly always.
    fn header(&mut self, record: &Record<'_>) -> usize {
        let known = self
            .headers
            .iter()
            .rposition(|header| header.raw == record.bytes());
        known.unwrap_or_else(|| {
            self.headers.push(ChunkHeader::new(record, &self.keys));
            self.headers.len() - 1
        })
    }

    /// Takes in rows that came under the header with this number.
    fn read_rows(&mut self, number: usize, records: &Records) -> Result<(), Error> {
        let mut rows = records.iter().map(|row| row.record).peekable();
        let mut group = Vec::with_capacity(GROUP);
        loop {
            let Some(header) = self.headers.get(number) else {
                return Ok(());
            };
            self.pairs.clear();
            group.clear();
            while group.len().max(self.pairs.len()) < GROUP {
                let Some(record) = rows.next_if(|record| header.fits(record)) else {
                    break;
                };
                let before = self.pairs.len();
                let access = header.columns.read(&record, &self.success, &mut self.pairs);
                if access.is_ok_and(|access| !access.success) {
                    self.pairs.truncate(before);
                }
                group.push(Arrival {
                    record,
                    access,
                    pairs: before..self.pairs.len(),
                });
            }
            self.detector.expect(&self.pairs, &mut self.expected);
            for arrival in &group {
                self.read_row(number, arrival)?;
            }
            if group.is_empty() {
                match rows.next() {
                    None => return Ok(()),
                    Some(record) if record.bytes().is_empty() => {}
                    Some(record) => return Err(self.misshapen(&record, number)),
                }
            }
        }
    }

    /// Takes in a row whose pairs were looked for.
    fn read_row(&mut self, header: usize, arrival: &Arrival<'_>) -> Result<(), Error> {
        self.tally.rows += 1;
        let access = match arrival.access {
            Ok(access) => access,
            Err(why) => {
                self.tally.skip(why);
                return Ok(());
            }
        };
        if !access.success {
            return Ok(());
        }
        self.tally.successful += 1;
        let pairs = arrival.pairs.clone();
        let expected = self.expected.get(pairs.clone()).unwrap_or_default();
        let texts = pairs.map(|pair| self.pairs.get(pair));
        if !self.detector.absorb(&access, expected.iter().zip(texts))? {
            return Ok(());
        }
        if self.detector.rules().output != Output::Pairs {
            let row = arrival.record.bytes();
            return self.detector.hold(header as u32, row);
        }
        self.details.clear();
        if let Some(header) = self.headers.get(header) {
            push_details(&mut self.details, &arrival.record, header);
        }
        self.detector.hold(header as u32, &self.details)
    }

    fn misshapen(&self, record: &Record<'_>, header: usize) -> Error {
        let header = self.headers.get(header);
        Error::peer(format!(
            "row {} from splunkd: expected {} cells as in its chunk's header, found {}",
            self.tally.rows + 1,
            header.map_or(0, |header| header.names.len()),
            record.cells()
        ))
    }

    fn unreadable(&self, error: ReadError) -> Lost {
        match error {
            ReadError::Io(cause) => cause.into(),
            error => {
                Error::peer(format!("row {} from splunkd: {error}", self.tally.rows + 1)).into()
            }
        }
    }
}

/// Appends the cells of [`DETAILS`] as they stand, empty where there is no such column.
fn push_details(out: &mut Vec<u8>, record: &Record<'_>, header: &ChunkHeader) {
    for (index, column) in header.details.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.extend_from_slice(column.map_or(b"".as_slice(), |at| record.raw(at)));
    }
}

impl From<io::Error> for Error {
    fn from(cause: io::Error) -> Self {
        Self::environment(cause)
    }
}
