//! The rows of a history in runs: read and checked on one core while the other compares and writes the run before.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use super::source::Source;
use super::table::{Head, Table};
use crate::error::Error;
use crate::pair::{PairHasher, PairKey};
use crate::rows::{Located, Record};
use crate::timestamp::Timestamp;

/// The size of a run, in bytes: some thousand rows, and small enough for a processor's cache.
const BATCH_BYTES: usize = 256 << 10;

/// Runs under way between the two cores.
const BATCHES: usize = 2;

/// One row.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// Its pair; `None` for an empty line, and for a row with an empty key, which no access can match.
    pub key: Option<PairKey>,
    /// Its first time, where it has one.
    pub first: Option<Timestamp>,
    /// Its last time, where it has one.
    pub last: Option<Timestamp>,
    /// Where the row ends in the run, without and with its line ending, and where its cell ends do.
    content: u32,
    end: u32,
    ends: u32,
}

/// Rows that follow each other, as those see them who only read.
#[derive(Debug, Clone, Copy)]
pub struct Run<'a> {
    /// The rows.
    pub rows: &'a [Row],
    bytes: usize,
}

impl Run<'_> {
    /// About how many rows like these a file of `size` bytes has: a twentieth more than their mean length says.
    pub fn rows_in(&self, size: u64) -> u64 {
        let (rows, bytes) = (self.rows.len() as u128, self.bytes.max(1) as u128);
        let expected = u128::from(size) * rows / bytes;
        u64::try_from(expected + expected / 20 + 1).unwrap_or(u64::MAX)
    }
}

/// A run of rows with their bytes.
#[derive(Debug, Default)]
pub(super) struct Batch {
    bytes: Vec<u8>,
    ends: Vec<u32>,
    rows: Vec<Row>,
    blank: u64,
}

impl Batch {
    fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
        self.rows.clear();
        self.blank = 0;
    }

    pub(super) fn is_full(&self) -> bool {
        self.bytes.len() >= BATCH_BYTES
    }

    /// Whether there is a character that no text has, or that may be out of place: looked for in all rows at once.
    pub(super) fn has_odd_characters(&self) -> bool {
        memchr::memchr2(0, b'\r', &self.bytes).is_some()
    }

    /// Adds a row.
    pub(super) fn push(
        &mut self,
        located: &Located<'_>,
        key: Option<PairKey>,
        first: Option<Timestamp>,
        last: Option<Timestamp>,
    ) {
        self.blank += u64::from(located.record.bytes().is_empty());
        self.bytes.extend_from_slice(located.record.bytes());
        let content = self.bytes.len() as u32;
        self.bytes.extend_from_slice(located.ending);
        self.ends.extend_from_slice(located.record.ends());
        self.rows.push(Row {
            key,
            first,
            last,
            content,
            end: self.bytes.len() as u32,
            ends: self.ends.len() as u32,
        });
    }

    /// For those who only read.
    pub(super) fn run(&self) -> Run<'_> {
        Run {
            rows: &self.rows,
            bytes: self.bytes.len(),
        }
    }

    /// The rows.
    pub(super) fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// How many rows there are that are no empty lines.
    pub(super) fn pairs(&self) -> u64 {
        self.rows.len() as u64 - self.blank
    }

    /// The record and the line ending of every row.
    pub(super) fn records(&self) -> impl Iterator<Item = (Record<'_>, &[u8])> {
        let (mut byte, mut cell) = (0, 0);
        self.rows.iter().map(move |row| {
            let (content, end, ends) = (row.content as usize, row.end as usize, row.ends as usize);
            let bytes = self.bytes.get(byte..content).unwrap_or_default();
            let cells = self.ends.get(cell..ends).unwrap_or_default();
            let ending = self.bytes.get(content..end).unwrap_or_default();
            (byte, cell) = (end, ends);
            (Record::new(bytes, cells), ending)
        })
    }
}

/// Calls `visit` with the head and each run of rows of `source`, in order. `None` where there is no table yet, or an
/// empty one.
///
/// # Errors
/// Those of `visit`; the file cannot be read, or is no history.
pub(super) fn stream<E: From<Error>>(
    source: &Source,
    keys: &[String],
    hasher: &PairHasher,
    mut visit: impl FnMut(&Head, &Batch) -> Result<(), E>,
) -> Result<Option<std::sync::Arc<Head>>, E> {
    let Some(mut table) = Table::open(source, keys, hasher)? else {
        return Ok(None);
    };
    let head = table.head();
    let mut batch = Batch::default();
    let more = table.fill(&mut batch)?;
    visit(&head, &batch)?;
    if more {
        visit_the_rest(table, |batch| visit(&head, batch))?;
    }
    Ok(Some(head))
}

/// What the reading thread hands over.
type Filled = Result<Batch, Error>;

fn visit_the_rest<E: From<Error>>(
    table: Table,
    mut visit: impl FnMut(&Batch) -> Result<(), E>,
) -> Result<(), E> {
    let (filled, take) = sync_channel::<Filled>(BATCHES);
    let (give_back, empty) = sync_channel(BATCHES);
    thread::scope(|scope| {
        scope.spawn(move || fill_all(table, &filled, &empty));
        for batch in take {
            let batch = batch?;
            visit(&batch)?;
            // The reader has ended: nobody needs the buffer any more.
            let _ = give_back.try_send(batch);
        }
        Ok(())
    })
}

/// Fills run after run until the table ends, fails, or nobody takes them any more.
fn fill_all(mut table: Table, filled: &SyncSender<Filled>, empty: &Receiver<Batch>) {
    loop {
        let mut batch = empty.try_recv().unwrap_or_default();
        batch.clear();
        let more = table.fill(&mut batch);
        let last = !matches!(more, Ok(true));
        if filled.send(more.map(|_| batch)).is_err() || last {
            return;
        }
    }
}
