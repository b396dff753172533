//! Rows that may have to be returned: held until it is known whether their pairs are new.
//!
//! Invariants: rows come back unchanged, in the order in which they came; memory is bounded by [`MEMORY_BYTES`] and one
//! row, the rest goes to a file without a name, so that it is gone however the process ends.
//!
//! ```text
//! spill file  = *group
//! group       = pairs:u32 *pair:u32 header:u32 length:u32 row          numbers little endian
//! ```

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Seek, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::pairs::PairId;
use crate::text::escape;

/// The memory for held rows, in bytes. Small enough to share a search head with a hundred searches, large enough for
/// the whole of an ordinary hour.
const MEMORY_BYTES: usize = 6 << 20;

/// The number of a header, from 0: rows come under different headers in one run.
pub(crate) type HeaderId = u32;

/// A held row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HeldRow<'a> {
    /// The pairs it is about.
    pub(crate) pairs: &'a [PairId],
    /// The header that it came under.
    pub(crate) header: HeaderId,
    pub(crate) bytes: &'a [u8],
    pub(crate) place: Place,
}

/// Where a row is held, until rows are held, moved or dropped again.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    /// In bytes of the file and then, after its end, of the rows in memory.
    start: u64,
    length: u32,
}

/// One pair of a held row; a row's pairs follow each other.
#[derive(Debug, Clone, Copy)]
struct Entry {
    pair: PairId,
    header: HeaderId,
    /// The row's length in bytes, at its last pair; 0 with `more` at the others.
    length: u32,
    more: bool,
}

/// Held rows, in memory and in a file.
#[derive(Debug)]
pub(crate) struct SpillBuffer {
    entries: Vec<Entry>,
    rows: Vec<u8>,
    folder: PathBuf,
    spilled: Option<BufWriter<File>>,
    /// The file's length in bytes.
    spilled_bytes: u64,
    /// Bytes of rows that were moved to the file since the last [`SpillBuffer::retain`].
    moved: u64,
}

impl SpillBuffer {
    /// An empty buffer. What does not fit into memory goes to a nameless file in `folder`.
    pub(crate) fn new(folder: &Path) -> Self {
        Self {
            entries: Vec::new(),
            rows: Vec::new(),
            folder: folder.to_owned(),
            spilled: None,
            spilled_bytes: 0,
            moved: 0,
        }
    }

    /// The folder for the file.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Holds a row, which is about `pairs` and came under `header`; `write` appends its bytes.
    pub(crate) fn push(
        &mut self,
        pairs: &[PairId],
        header: HeaderId,
        write: impl FnOnce(&mut Vec<u8>),
    ) {
        let Some((last, others)) = pairs.split_last() else {
            return;
        };
        let start = self.rows.len();
        write(&mut self.rows);
        self.entries.extend(others.iter().map(|pair| Entry {
            pair: *pair,
            header,
            length: 0,
            more: true,
        }));
        self.entries.push(Entry {
            pair: *last,
            header,
            length: (self.rows.len() - start) as u32,
            more: false,
        });
    }

    /// Whether memory is used up.
    pub(crate) fn is_full(&self) -> bool {
        self.memory() > MEMORY_BYTES
    }

    /// Whether more than half of the memory is in use.
    pub(crate) fn is_half_full(&self) -> bool {
        self.memory() > MEMORY_BYTES / 2
    }

    fn memory(&self) -> usize {
        self.rows.len() + self.entries.len() * size_of::<Entry>()
    }

    /// The bytes of the rows that came since the last [`SpillBuffer::retain`], and of those that it left in memory.
    pub(crate) fn waiting(&self) -> u64 {
        self.moved + self.rows.len() as u64
    }

    /// Drops the rows in memory for whose pairs `keep` returns `false`.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&[PairId]) -> bool) {
        self.moved = 0;
        let (mut kept_entries, mut kept_bytes) = (0, 0);
        let (mut at, mut byte) = (0, 0);
        let mut pairs = Vec::new();
        while let Some(length) = self.group(at, &mut pairs) {
            if keep(&pairs) {
                self.entries.copy_within(at..at + pairs.len(), kept_entries);
                self.rows.copy_within(byte..byte + length, kept_bytes);
                kept_entries += pairs.len();
                kept_bytes += length;
            }
            at += pairs.len();
            byte += length;
        }
        self.entries.truncate(kept_entries);
        self.rows.truncate(kept_bytes);
    }

    /// Puts the pairs of the group that begins at entry `at` into `pairs`. Returns the length of its row; `None` after the
    /// last group.
    fn group(&self, at: usize, pairs: &mut Vec<PairId>) -> Option<usize> {
        pairs.clear();
        for entry in self.entries.get(at..)? {
            pairs.push(entry.pair);
            if !entry.more {
                return Some(entry.length as usize);
            }
        }
        None
    }

    /// Moves all rows from memory to the file.
    ///
    /// # Errors
    /// The file cannot be made or written.
    pub(crate) fn spill(&mut self) -> io::Result<()> {
        let mut file = match self.spilled.take() {
            Some(file) => file,
            None => BufWriter::with_capacity(1 << 18, tempfile::tempfile_in(&self.folder)?),
        };
        let mut length = self.spilled_bytes;
        self.in_memory(|row| {
            length += group_start(row.pairs.len()) + row.bytes.len() as u64;
            write_group(&mut file, &row)
        })?;
        self.spilled = Some(file);
        self.spilled_bytes = length;
        self.moved += self.rows.len() as u64;
        self.entries.clear();
        self.rows.clear();
        Ok(())
    }

    /// Writes out what is still buffered for the file: from here on a full disk can do no harm.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.spilled.as_mut().map_or(Ok(()), Write::flush)
    }

    /// Calls `visit` with every row, in the order in which they came.
    ///
    /// # Errors
    /// Those of `visit`, and of reading the file.
    pub(crate) fn for_each<E: From<Error>>(
        &mut self,
        mut visit: impl FnMut(HeldRow<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let flushed = self.flush();
        let unreadable = |cause| self.unreadable(&cause);
        flushed.map_err(unreadable)?;
        if let Some(file) = &self.spilled {
            let mut file = file.get_ref();
            file.rewind().map_err(unreadable)?;
            let mut file = BufReader::with_capacity(1 << 18, file);
            let (mut pairs, mut bytes, mut end) = (Vec::new(), Vec::new(), 0);
            let mut next = |pairs: &mut _, bytes: &mut _| read_group(&mut file, pairs, bytes);
            while let Some(header) = next(&mut pairs, &mut bytes).map_err(unreadable)? {
                let place = Place {
                    start: end + group_start(pairs.len()),
                    length: bytes.len() as u32,
                };
                end = place.start + bytes.len() as u64;
                visit(HeldRow {
                    pairs: &pairs,
                    header,
                    bytes: &bytes,
                    place,
                })?;
            }
        }
        self.in_memory(visit)
    }

    /// Puts the bytes of the row at `place`, from [`SpillBuffer::for_each`], into `row`.
    ///
    /// # Errors
    /// That of reading the file.
    pub(crate) fn read(&self, place: Place, row: &mut Vec<u8>) -> Result<(), Error> {
        row.clear();
        let length = place.length as usize;
        match (place.start.checked_sub(self.spilled_bytes), &self.spilled) {
            (None, Some(file)) => {
                row.resize(length, 0);
                let read = file.get_ref().read_exact_at(row, place.start);
                read.map_err(|cause| self.unreadable(&cause))
            }
            (start, _) => {
                let start = start.unwrap_or_default() as usize;
                let bytes = self.rows.get(start..start + length);
                row.extend_from_slice(bytes.unwrap_or_default());
                Ok(())
            }
        }
    }

    fn unreadable(&self, cause: &io::Error) -> Error {
        Error::environment(format!(
            "the rows that waited for a decision cannot be read back from their file in {}: {cause}",
            escape::escaped(self.folder.as_os_str().as_encoded_bytes())
        ))
        .with_remedy(
            "check that disk; new pairs that the history has learnt meanwhile are shown by a search with new=window",
        )
    }

    fn in_memory<E>(&self, mut visit: impl FnMut(HeldRow<'_>) -> Result<(), E>) -> Result<(), E> {
        let (mut at, mut byte) = (0, 0);
        let mut pairs = Vec::new();
        while let Some(length) = self.group(at, &mut pairs) {
            let header = self.entries.get(at).map_or(0, |entry| entry.header);
            let bytes = self.rows.get(byte..byte + length).unwrap_or_default();
            let place = Place {
                start: self.spilled_bytes + byte as u64,
                length: length as u32,
            };
            visit(HeldRow {
                pairs: &pairs,
                header,
                bytes,
                place,
            })?;
            at += pairs.len();
            byte += length;
        }
        Ok(())
    }
}

fn write_group(file: &mut impl Write, row: &HeldRow<'_>) -> io::Result<()> {
    file.write_all(&(row.pairs.len() as u32).to_le_bytes())?;
    for pair in row.pairs {
        file.write_all(&pair.0.to_le_bytes())?;
    }
    file.write_all(&row.header.to_le_bytes())?;
    file.write_all(&(row.bytes.len() as u32).to_le_bytes())?;
    file.write_all(row.bytes)
}

/// The bytes of a group with `pairs` pairs that stand before its row.
fn group_start(pairs: usize) -> u64 {
    (3 + pairs) as u64 * 4
}

/// Reads the next group: puts its pairs and row into the buffers, returns its header. `None` at the end of the file.
fn read_group(
    file: &mut impl BufRead,
    pairs: &mut Vec<PairId>,
    row: &mut Vec<u8>,
) -> io::Result<Option<HeaderId>> {
    if file.fill_buf()?.is_empty() {
        return Ok(None);
    }
    let count = read_number(file)?;
    pairs.clear();
    for _ in 0..count {
        pairs.push(PairId(read_number(file)?));
    }
    let header = read_number(file)?;
    row.resize(read_number(file)? as usize, 0);
    file.read_exact(row)?;
    Ok(Some(header))
}

fn read_number(file: &mut impl Read) -> io::Result<u32> {
    let mut bytes = [0; 4];
    file.read_exact(&mut bytes)?;
    Ok(u32::from_le_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(held: &mut SpillBuffer) -> Vec<(Vec<u32>, HeaderId, String)> {
        let mut found = Vec::new();
        let mut places = Vec::new();
        held.for_each::<Error>(|row| {
            let pairs = row.pairs.iter().map(|pair| pair.0).collect();
            let text = String::from_utf8(row.bytes.to_vec()).unwrap();
            found.push((pairs, row.header, text));
            places.push(row.place);
            Ok(())
        })
        .unwrap();
        let mut again = Vec::new();
        for (place, (_, _, text)) in places.into_iter().zip(&found).rev() {
            held.read(place, &mut again).unwrap();
            assert_eq!(again, text.as_bytes());
        }
        found
    }

    #[test]
    fn rows_come_back_in_order_from_memory_and_file() {
        let folder = tempfile::tempdir().unwrap();
        let mut held = SpillBuffer::new(folder.path());
        let mut expected = Vec::new();
        for number in 0..100 {
            let pairs = if number % 3 == 0 {
                vec![number, number + 1]
            } else {
                vec![number]
            };
            let row = format!("row {number}");
            let ids: Vec<_> = pairs.iter().map(|pair| PairId(*pair)).collect();
            held.push(&ids, number % 2, |held| {
                held.extend_from_slice(row.as_bytes())
            });
            expected.push((pairs, number % 2, row));
            if number % 40 == 39 {
                held.spill().unwrap();
            }
        }
        assert_eq!(rows(&mut held), expected);
        assert_eq!(rows(&mut held), expected, "a second time");
        assert_eq!(
            std::fs::read_dir(folder.path()).unwrap().count(),
            0,
            "the file has no name"
        );
    }

    #[test]
    fn a_file_that_lost_its_end_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let mut held = SpillBuffer::new(folder.path());
        held.push(&[PairId(1)], 0, |held| held.extend_from_slice(b"row"));
        held.spill().unwrap();
        held.flush().unwrap();
        let file = held
            .spilled
            .as_ref()
            .unwrap()
            .get_ref()
            .try_clone()
            .unwrap();
        for length in (1..file.metadata().unwrap().len()).rev() {
            file.set_len(length).unwrap();
            let read = held.for_each(|_| Ok::<_, Error>(()));
            let error = read.unwrap_err().to_string();
            assert!(error.contains("cannot be read back"), "{error}");
        }
    }

    #[test]
    fn dropped_rows_free_memory() {
        let folder = tempfile::tempdir().unwrap();
        let mut held = SpillBuffer::new(folder.path());
        let row = vec![b'x'; MEMORY_BYTES / 16];
        for number in 0..17 {
            held.push(&[PairId(number)], 0, |held| held.extend_from_slice(&row));
        }
        assert!(held.is_full());
        held.retain(|pairs| pairs[0].0 % 5 == 0);
        assert!(!held.is_full());
        let kept: Vec<_> = rows(&mut held)
            .into_iter()
            .map(|(pairs, ..)| pairs[0])
            .collect();
        assert_eq!(kept, [0, 5, 10, 15]);
    }
}
