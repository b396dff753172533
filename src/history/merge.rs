//! One pass: the history streams past the sightings into the new file, or into none, to know what a merge would do.
//!
//! Nothing is written before the first row that changes; then everything before it is copied as it stands.

use std::ffi::OsStr;
use std::io::{self, Read};
use std::ops::Range;
use std::path::Path;

use super::block::{Block, KeyFilter, Row};
use super::layout::Layout;
use super::lookup::History;
use super::part::Part;
use super::source::{Source, unreadable};
use super::stage::Stage;
use super::stream::stream;
use super::system::step_failed;
use super::table::Head;
use crate::csv::{Record, RecordReader};
use crate::error::Error;
use crate::pair::{self, PairHasher};
use crate::pairs::{Change, PairId, Recorded, Sighting, Sightings};

/// What a merge did.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Merged {
    /// Rows of the history before.
    pub before: u64,
    /// Rows whose times changed.
    pub updated: u64,
    /// Rows added.
    pub added: u64,
}

/// Why a merge stopped.
#[derive(Debug)]
pub(super) enum MergeError {
    /// The history cannot be read or is not one: nothing can be decided.
    History(Error),
    /// The new file cannot be written.
    Stage(Error),
}

impl From<Error> for MergeError {
    fn from(error: Error) -> Self {
        Self::History(error)
    }
}

impl From<MergeError> for Error {
    fn from(error: MergeError) -> Self {
        match error {
            MergeError::History(error) | MergeError::Stage(error) => error,
        }
    }
}

/// Where a new file is staged.
#[derive(Debug, Clone, Copy)]
pub(super) struct Staging<'a> {
    /// The folder.
    pub(super) folder: &'a Path,
    /// What the file's name begins with.
    pub(super) name: &'a OsStr,
}

impl Staging<'_> {
    /// The error of a step on the staged file.
    fn failed(self, step: &str, cause: &io::Error) -> MergeError {
        MergeError::Stage(step_failed(step, self.folder, cause))
    }
}

/// A staged file.
#[derive(Debug)]
struct Staged<'a> {
    stage: Stage,
    staging: Staging<'a>,
}

impl Staged<'_> {
    fn buffer(&mut self) -> &mut Vec<u8> {
        self.stage.writer().buffer()
    }

    /// Writes the buffer out where it is full.
    fn write_full(&mut self) -> Result<(), MergeError> {
        let written = self.stage.writer().write_full();
        written.map_err(|cause| self.staging.failed("write", &cause))
    }
}

/// A merge under way.
#[derive(Debug)]
struct Merge<'a> {
    keys: &'a [String],
    source: &'a Source,
    /// `None` where nothing is to be written.
    staging: Option<Staging<'a>>,
    /// Made at the first change.
    staged: Option<Staged<'a>>,
    merged: Merged,
    /// Whether the last row had no line ending.
    open_end: bool,
    /// The pairs of a run of rows.
    found: Vec<Option<PairId>>,
    /// The cell ends of a row that changes.
    ends: Vec<u32>,
}

/// What merging `sightings` into `history` would do; nothing is written. Afterwards every sighting knows what the history
/// says of it.
///
/// # Errors
/// The history cannot be read or is not one.
pub fn compare(
    history: &History,
    hasher: &PairHasher,
    sightings: &mut Sightings,
) -> Result<Merged, Error> {
    history.read_whole(|source| {
        let (merged, _) = merge(source, history.keys(), None, hasher, sightings)?;
        Ok(merged)
    })
}

/// Streams `source` past `sightings`, and writes the result into a new file at `staging`, where there is one: `None` where
/// nothing changes. Afterwards every sighting knows what the history says of it.
///
/// # Errors
/// See [`MergeError`].
pub(super) fn merge(
    source: &Source,
    keys: &[String],
    staging: Option<Staging<'_>>,
    hasher: &PairHasher,
    sightings: &mut Sightings,
) -> Result<(Merged, Option<Stage>), MergeError> {
    sightings.clear_recorded();
    let mut merge = Merge {
        keys,
        source,
        staging,
        staged: None,
        merged: Merged::default(),
        open_end: false,
        found: Vec::new(),
        ends: Vec::new(),
    };
    let mut end = 0;
    let bloom = sightings.bloom_filter();
    let filter = KeyFilter::of(&bloom, hasher);
    let head = stream(source, keys, filter, |head, block| {
        end = block.place.end;
        merge.merge_block(head, block, sightings)
    })?;
    match head {
        Some(head) => merge.append(&head, end.max(head.bytes.len() as u64), sightings)?,
        None => merge.create(sightings)?,
    }
    Ok((merge.merged, merge.staged.map(|staged| staged.stage)))
}

impl Merge<'_> {
    /// Merges a block of rows. Those between two that change are copied as one.
    fn merge_block(
        &mut self,
        head: &Head,
        block: &Block,
        sightings: &mut Sightings,
    ) -> Result<(), MergeError> {
        self.merged.before += block.pairs();
        let mut found = std::mem::take(&mut self.found);
        sightings.find_all(block.rows().iter().map(|row| row.key), &mut found);
        let rows = |range: Range<usize>| block.rows().get(range).unwrap_or_default();
        let mut merged = 0;
        for (number, (row, id)) in block.rows().iter().zip(&found).enumerate() {
            let pair = id.and_then(|id| sightings.get_mut(id));
            if let Some(change) = pair.and_then(|pair| pair.observe_row(row.first, row.last)) {
                self.copy(&head.layout, block, rows(merged..number))?;
                self.change(head, block, row, change)?;
                merged = number + 1;
            }
        }
        self.copy(&head.layout, block, rows(merged..found.len()))?;
        self.found = found;
        if let Some(last) = block.rows().last() {
            self.open_end = block.parts(last).1.is_empty();
        }
        Ok(())
    }

    /// A history that does not exist yet.
    fn create(&mut self, sightings: &Sightings) -> Result<(), MergeError> {
        let head = Head::first(self.keys);
        self.append(&head, head.bytes.len() as u64, sightings)
    }

    /// Makes the staged file where it is not there yet, and copies what stands before byte `until` of the history.
    fn begin(&mut self, head: &Head, until: u64) -> Result<(), MergeError> {
        let (None, Some(staging)) = (&self.staged, self.staging) else {
            return Ok(());
        };
        let replaces = self.source.metadata().is_some();
        let stage = Stage::create(staging.folder, staging.name, replaces)
            .map_err(|cause| staging.failed("create", &cause))?;
        let staged = self.staged.insert(Staged { stage, staging });
        head.push_renamed(staged.buffer());
        if let Some((file, path)) = self.source.file() {
            let part = Part::new(file, head.bytes.len() as u64, until);
            copy(part, path, head.layout.padding(), staged)?;
        }
        Ok(())
    }

    /// Copies rows as they stand, but for cells of columns that the file does not have yet.
    fn copy(&mut self, layout: &Layout, block: &Block, rows: &[Row]) -> Result<(), MergeError> {
        let Some(staged) = &mut self.staged else {
            return Ok(());
        };
        let out = staged.buffer();
        if layout.padding().is_empty() {
            out.extend_from_slice(block.bytes(rows));
        } else {
            for row in rows {
                let (content, ending) = block.parts(row);
                push_padded(out, content, layout.padding(), ending);
            }
        }
        staged.write_full()
    }

    /// Writes a row with other times.
    fn change(
        &mut self,
        head: &Head,
        block: &Block,
        row: &Row,
        change: Change,
    ) -> Result<(), MergeError> {
        self.merged.updated += 1;
        self.begin(head, block.offset(row))?;
        let Some(staged) = &mut self.staged else {
            return Ok(());
        };
        let (content, ending) = block.parts(row);
        let out = staged.buffer();
        let layout = &head.layout;
        match Record::parse(content, &mut self.ends) {
            Some(record) => layout.push_row(out, &record, change.first, change.last),
            // It was a record when it was read.
            None => out.extend_from_slice(content),
        }
        out.extend_from_slice(ending);
        staged.write_full()
    }

    /// Adds the pairs that the history does not have, sorted.
    fn append(&mut self, head: &Head, end: u64, sightings: &Sightings) -> Result<(), MergeError> {
        let mut new = absent(sightings);
        self.merged.added = new.len() as u64;
        if new.is_empty() {
            return Ok(());
        }
        self.begin(head, end)?;
        let Some(staged) = &mut self.staged else {
            return Ok(());
        };
        if self.open_end {
            staged.buffer().extend_from_slice(head.ending());
        }
        let values = |id| pair::values(sightings.text(id));
        new.sort_unstable_by(|(one, _), (other, _)| values(*one).cmp(values(*other)));
        for (id, pair) in new {
            let out = staged.buffer();
            head.layout
                .push_new_row(out, values(id), pair.first, pair.last);
            out.extend_from_slice(head.ending());
            staged.write_full()?;
        }
        Ok(())
    }
}

/// The pairs that no row of the history has.
fn absent(sightings: &Sightings) -> Vec<(PairId, &Sighting)> {
    let absent = |pair: &Sighting| pair.recorded() == Recorded::Absent;
    sightings.iter().filter(|(_, pair)| absent(pair)).collect()
}

/// Appends a row with `padding` before its line ending, unless it is an empty line.
fn push_padded(out: &mut Vec<u8>, content: &[u8], padding: &[u8], ending: &[u8]) {
    out.extend_from_slice(content);
    if !content.is_empty() {
        out.extend_from_slice(padding);
    }
    out.extend_from_slice(ending);
}

/// Copies `part` of the history at `path`, with `padding` after each row that is not an empty line.
fn copy(
    mut part: Part<'_>,
    path: &Path,
    padding: &[u8],
    staged: &mut Staged<'_>,
) -> Result<(), MergeError> {
    if padding.is_empty() {
        return copy_bytes(&mut part, path, staged);
    }
    let mut rows = RecordReader::new(part);
    let failed = |error| unreadable(path, &io::Error::other(error));
    while let Some(row) = rows.next_record().map_err(failed)? {
        push_padded(staged.buffer(), row.record.bytes(), padding, row.ending);
        staged.write_full()?;
    }
    Ok(())
}

fn copy_bytes(part: &mut Part<'_>, path: &Path, staged: &mut Staged<'_>) -> Result<(), MergeError> {
    let mut piece = vec![0; 64 << 10];
    loop {
        let count = part
            .read(&mut piece)
            .map_err(|cause| unreadable(path, &cause))?;
        if count == 0 {
            return Ok(());
        }
        staged
            .buffer()
            .extend_from_slice(piece.get(..count).unwrap_or_default());
        staged.write_full()?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Access;
    use crate::pair::push_value;
    use crate::text::timestamp::Timestamp;

    /// The history that `text` becomes when the pair (new, 192.0.2.9) is merged into it.
    fn merged(text: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("seen.csv");
        std::fs::write(&path, text).unwrap();
        let keys = ["bucket_name", "remote_ip"].map(str::to_owned);
        let history = History::new(&path, &keys).unwrap();
        let hasher = PairHasher::new(&[0; 16]);
        let mut sightings = Sightings::default();
        let mut pair = Vec::new();
        push_value(&mut pair, b"new");
        push_value(&mut pair, b"192.0.2.9");
        let time = Timestamp::from_seconds(7);
        let access = Access {
            first: time,
            last: time,
            success: true,
            count: 1,
        };
        sightings
            .record(None, hasher.key(&pair), &pair, &access)
            .unwrap();
        let source = Source::open(&path).unwrap();
        let staging = Staging {
            folder: folder.path(),
            name: OsStr::new("seen.csv"),
        };
        let staging = Some(staging);
        let (_, stage) = merge(&source, history.keys(), staging, &hasher, &mut sightings).unwrap();
        let mut stage = stage.unwrap();
        stage.writer().flush().unwrap();
        std::fs::read_to_string(stage.path()).unwrap()
    }

    #[test]
    fn a_last_row_without_an_end_gets_one_and_keeps_its_cells() {
        let cases = [
            ("", "\nnew,192.0.2.9,7,7\n"),
            (
                "\nbilling,192.0.2.1,1,2",
                "\nbilling,192.0.2.1,1,2\nnew,192.0.2.9,7,7\n",
            ),
            (
                "\r\nbilling,192.0.2.1,1,2",
                "\r\nbilling,192.0.2.1,1,2\r\nnew,192.0.2.9,7,7\r\n",
            ),
        ];
        for (rows, expected) in cases {
            let head = "bucket_name,remote_ip,firstTime,lastTime";
            assert_eq!(
                merged(&format!("{head}{rows}")),
                format!("{head}{expected}")
            );
        }
    }
}
