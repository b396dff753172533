//! The rows that splunkd sends, chunk by chunk, into the detector.

use std::collections::HashMap;
use std::io::Read;

use super::batch::{Reading, RecordBatch};
use super::connection::Abort;
use super::header::ChunkHeader;
use crate::csv::{ReadError, Record, RecordBuffer, RecordReader};
use crate::detector::{Counters, Detector, HeaderId};
use crate::error::Error;
use crate::ordered_pool::run_in_order;
use crate::pair::PairHasher;
use crate::rules::StatusList;
use crate::splunk::options::Options;

/// The bytes of a body from which on threads read it, and the accesses in its rows, ahead of the detector.
const AHEAD_BYTES: u64 = 512 << 10;

/// Threads that read a long body.
const READERS: usize = 1;

/// The rows so far.
#[derive(Debug)]
pub(super) struct Intake {
    headers: Vec<ChunkHeader>,
    /// The number of each header, by its bytes: each chunk may bring another one.
    numbers: HashMap<Vec<u8>, usize>,
    keys: Vec<String>,
    success: StatusList,
    hasher: PairHasher,
    rows: Rows,
    /// Memory for the next chunk.
    spare: Option<RecordBuffer>,
}

/// Where rows go.
#[derive(Debug)]
struct Rows {
    detector: Detector,
    counters: Counters,
}

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
        let mut reader = RecordReader::with_buffer(body, spare);
        let first = reader.next_record();
        let number = match first.map_err(|error| self.rows.unreadable(error))? {
            Some(first) => self.header(&first.record),
            None => return Ok(()),
        };
        if let Some(header) = self.headers.get(number) {
            let threads = if length < AHEAD_BYTES { 0 } else { READERS };
            let reading = Reading {
                header,
                number: number as HeaderId,
                success: &self.success,
                hasher: &self.hasher,
                output: self.rows.detector.rules().output,
            };
            let maker = || |batch: &mut RecordBatch| batch.read(&reading);
            let rows = &mut self.rows;
            run_in_order(threads, &mut reader, RecordBatch::take, maker, |batch| {
                let batch = batch.map_err(|error| rows.unreadable(error))?;
                rows.ingest(batch, &reading)
            })?;
        }
        self.spare = Some(reader.into_buffer());
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
    /// Ingests all rows of a batch, the first of which were read.
    fn ingest(&mut self, batch: &mut RecordBatch, reading: &Reading<'_>) -> Result<(), Abort> {
        loop {
            self.detector.ingest(batch, &mut self.counters)?;
            if let Some(record) = batch.ragged() {
                return Err(self.ragged(&record, reading.header).into());
            }
            if batch.is_read() {
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
