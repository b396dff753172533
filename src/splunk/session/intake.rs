//! The rows that splunkd sends, chunk by chunk, into the detector.

use std::collections::HashMap;
use std::io::Read;

use super::batch::{Batch, Reading};
use super::connection::Abort;
use crate::access::AccessColumns;
use crate::csv::{Header, ReadError, Record, RecordReader, Records};
use crate::detector::{Counters, DETAILS, Detector};
use crate::error::Error;
use crate::ordered_pool::run_in_order;
use crate::pair::PairHasher;
use crate::rules::{Output, StatusList};
use crate::splunk::options::Options;
use crate::text::timestamp::TIME_COLUMNS;

/// The fields that a search reads besides its key fields, and those that people put into its table: a field that nobody
/// asks for is not extracted (splunkd drives extraction by required_fields). A `reporting` search, which returns a table,
/// gets no other columns: it reads those of rows from stats and tstats too.
pub(super) fn fields(reporting: bool) -> impl Iterator<Item = &'static str> {
    let times = TIME_COLUMNS
        .iter()
        .flat_map(|(first, last)| [*first, *last]);
    let summarised = times.chain(["count"]).filter(move |_| reporting);
    ["_time", "_raw"]
        .into_iter()
        .chain(DETAILS)
        .chain(summarised)
}

/// A header that a chunk came with.
#[derive(Debug)]
pub(super) struct ChunkHeader {
    /// The names.
    pub(super) names: Header,
    /// Where the columns are that say what a row is about.
    pub(super) columns: AccessColumns,
    details: [Option<usize>; DETAILS.len()],
}

impl ChunkHeader {
    fn new(record: &Record<'_>, keys: &[String]) -> Self {
        let names = Header::new(record);
        Self {
            columns: AccessColumns::find(&names, keys),
            details: DETAILS.map(|name| names.position(name.as_bytes())),
            names,
        }
    }

    /// Whether a record has as many cells.
    pub(super) fn fits(&self, record: &Record<'_>) -> bool {
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
    headers: Vec<ChunkHeader>,
    /// The number of each of them, by its bytes: there may be one for each chunk.
    numbers: HashMap<Vec<u8>, usize>,
    keys: Vec<String>,
    success: StatusList,
    hasher: PairHasher,
    rows: Rows,
    /// Memory for the next chunk.
    spare: Option<Records>,
}

/// Where rows go.
#[derive(Debug)]
struct Rows {
    detector: Detector,
    counters: Counters,
}

/// A body of so many bytes is worth threads, which read it and the accesses in its rows ahead of the detector.
const AHEAD_BYTES: u64 = 512 << 10;

/// Threads that read a long body.
const READERS: usize = 1;

impl Intake {
    pub(super) fn new(detector: Detector, options: &Options) -> Self {
        Self {
            headers: Vec::new(),
            numbers: HashMap::new(),
            keys: options.by.names().to_vec(),
            success: options.status.clone(),
            hasher: detector.hasher().clone(),
            rows: Rows {
                detector,
                counters: Counters::default(),
            },
            spare: None,
        }
    }

    /// The detector, the headers in order of first appearance, and the counts.
    pub(super) fn into_parts(self) -> (Detector, Vec<ChunkHeader>, Counters) {
        (self.rows.detector, self.headers, self.rows.counters)
    }

    /// Reads the rows of one chunk, `length` bytes of CSV.
    pub(super) fn read_chunk(&mut self, body: impl Read + Send, length: u64) -> Result<(), Abort> {
        let spare = self.spare.take().unwrap_or_default();
        let mut reader = RecordReader::with_spare(body, spare);
        let first = reader.next_record();
        let number = match first.map_err(|error| self.rows.unreadable(error))? {
            Some(first) => self.header(&first.record),
            None => return Ok(()),
        };
        if let Some(header) = self.headers.get(number) {
            let threads = if length < AHEAD_BYTES { 0 } else { READERS };
            let reading = Reading {
                header,
                success: &self.success,
                hasher: &self.hasher,
            };
            let maker = || |batch: &mut Batch| batch.read(&reading);
            let rows = &mut self.rows;
            run_in_order(threads, &mut reader, Batch::take, maker, |batch| {
                let batch = batch.map_err(|error| rows.unreadable(error))?;
                rows.ingest(number, batch, &reading)
            })?;
        }
        self.spare = Some(reader.into_spare());
        Ok(())
    }

    /// The number of this header: that of an earlier chunk, nearly always.
    fn header(&mut self, record: &Record<'_>) -> usize {
        if let Some(known) = self.numbers.get(record.bytes()) {
            return *known;
        }
        let number = self.headers.len();
        self.headers.push(ChunkHeader::new(record, &self.keys));
        self.numbers.insert(record.bytes().to_vec(), number);
        number
    }
}

impl Rows {
    /// Ingests the rows of a batch, which came under the header with this number.
    fn ingest(
        &mut self,
        number: usize,
        batch: &mut Batch,
        reading: &Reading<'_>,
    ) -> Result<(), Abort> {
        let header = reading.header;
        let details = self.detector.rules().output == Output::Pairs;
        loop {
            let row = |row_number, out: &mut Vec<u8>| match batch.record(row_number) {
                Some(record) if details => push_details(out, &record, header),
                Some(record) => out.extend_from_slice(record.bytes()),
                None => {}
            };
            let accesses = batch.accesses();
            self.detector
                .ingest(accesses, &mut self.counters, number as u32, row)?;
            if let Some(record) = batch.ragged() {
                return Err(self.ragged(&record, header).into());
            }
            if accesses.is_empty() {
                return Ok(());
            }
            batch.read(reading);
        }
    }

    fn ragged(&self, record: &Record<'_>, header: &ChunkHeader) -> Error {
        Error::environment(format!(
            "row {} from splunkd: expected {} cells as in its chunk's header, found {}",
            self.counters.rows + 1,
            header.names.len(),
            record.cells()
        ))
    }

    fn unreadable(&self, error: ReadError) -> Abort {
        match error {
            ReadError::Io(cause) => cause.into(),
            error => Error::environment(format!(
                "row {} from splunkd: {error}",
                self.counters.rows + 1
            ))
            .into(),
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
