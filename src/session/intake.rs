//! The rows that splunkd sends, chunk by chunk, into the detector.

use std::io::{self, Read};

use super::ahead::{AHEAD_BYTES, read_ahead};
use super::connection::Lost;
use crate::access::{AccessColumns, PairTexts};
use crate::detector::{DETAILS, Detector, Tally};
use crate::error::Error;
use crate::options::{Options, Output, StatusList};
use crate::rows::{Header, Located, ReadError, Record, RecordReader, Records};

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
    pairs: PairTexts,
    details: Vec<u8>,
    spare: Records,
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
            details: Vec::new(),
            spare: Records::default(),
        }
    }

    /// The detector, the headers in order of first appearance, and the counts.
    pub(super) fn into_parts(self) -> (Detector, Vec<ChunkHeader>, Tally) {
        (self.detector, self.headers, self.tally)
    }

    /// Reads the rows of one chunk, `length` bytes of CSV.
    pub(super) fn read_chunk(&mut self, body: impl Read + Send, length: u64) -> Result<(), Lost> {
        let mut reader = RecordReader::with_spare(body, std::mem::take(&mut self.spare));
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
                while let Some(row) = records.next_record() {
                    self.read_row(header, &row)?;
                }
                Ok::<_, Lost>(())
            })?;
        }
        while let Some(row) = reader
            .next_record()
            .map_err(|error| self.unreadable(error))?
        {
            self.read_row(header, &row)?;
        }
        self.spare = reader.into_spare();
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

    fn read_row(&mut self, number: usize, row: &Located<'_>) -> Result<(), Error> {
        let Some(header) = self.headers.get(number) else {
            return Ok(());
        };
        let record = &row.record;
        if record.cells() != header.names.len() {
            return match record.bytes().is_empty() {
                true => Ok(()),
                false => Err(self.misshapen(record, header)),
            };
        }
        self.tally.rows += 1;
        let access = match header.columns.read(record, &self.success, &mut self.pairs) {
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
        if !self.detector.absorb(&access, &self.pairs)? {
            return Ok(());
        }
        if self.detector.rules().output != Output::Pairs {
            return self.detector.hold(number as u32, record.bytes());
        }
        self.details.clear();
        push_details(&mut self.details, record, header);
        self.detector.hold(number as u32, &self.details)
    }

    fn misshapen(&self, record: &Record<'_>, header: &ChunkHeader) -> Error {
        Error::peer(format!(
            "row {} from splunkd: expected {} cells as in its chunk's header, found {}",
            self.tally.rows + 1,
            header.names.len(),
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
