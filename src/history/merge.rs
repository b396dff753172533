//! One pass: the history streams past the sightings into the new file.
//!
//! Nothing is written before the first row that changes; then everything before it is copied as it stands.

use std::ffi::OsStr;
use std::io;
use std::ops::Range;
use std::path::Path;

use super::History;
use super::block::{Block, KeyFilter, Row};
use super::layout::Layout;
use super::part::Part;
use super::source::{Source, unreadable};
use super::stage::Stage;
use super::stream::stream;
use super::table::Head;
use super::writer::Writer;
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
    /// The history cannot be read or is none: nothing can be decided.
    History(Error),
    /// The new file cannot be written: step and cause.
    Stage(&'static str, io::Error),
}

impl From<Error> for MergeError {
    fn from(error: Error) -> Self {
        Self::History(error)
    }
}

/// A merge under way.
#[derive(Debug)]
struct Merge<'a> {
    history: &'a History,
    source: &'a Source,
    folder: &'a Path,
    staged_name: &'a OsStr,
    stage: Option<Stage>,
    merged: Merged,
    /// Whether the last row had no line ending.
    open_end: bool,
    /// The pairs of a run of rows.
    found: Vec<Option<PairId>>,
    /// The cell ends of a row that changes.
    ends: Vec<u32>,
}

/// Streams `source` past `sightings`, and writes the result into a staged file of that folder and name: `None` where
/// nothing changes. Afterwards every sighting knows what the history says of it.
///
/// # Errors
/// See [`MergeError`].
pub(super) fn merge(
    history: &History,
    source: &Source,
    (folder, staged_name): (&Path, &OsStr),
    hasher: &PairHasher,
    sightings: &mut Sightings,
) -> Result<(Merged, Option<Stage>), MergeError> {
    sightings.clear_recorded();
    let mut merge = Merge {
        history,
        source,
        folder,
        staged_name,
        stage: None,
        merged: Merged::default(),
        open_end: false,
        found: Vec::new(),
        ends: Vec::new(),
    };
    let mut end = 0;
    let bloom = sightings.bloom_filter();
    let head = stream(
        source,
        history.keys(),
        KeyFilter::of(&bloom, hasher),
        |head, block| {
            end = block.place.end;
            merge.merge_block(head, block, sightings)
        },
    )?;
    match head {
        Some(head) => merge.append(&head, end.max(head.bytes.len() as u64), sightings)?,
        None => merge.create(sightings)?,
    }
    Ok((merge.merged, merge.stage))
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
        let head = Head::first(self.history.keys());
        self.append(&head, head.bytes.len() as u64, sightings)
    }

    /// Makes the staged file, and copies what stands before byte `until` of the history.
    fn begin(&mut self, head: &Head, until: u64) -> Result<(), MergeError> {
        let replaces = self.source.metadata().is_some();
        let stage = Stage::create(self.folder, self.staged_name, replaces);
        let stage = self.stage.insert(stage.map_err(stage_error("create"))?);
        let out = stage.writer();
        head.push_renamed(out.buffer());
        if let Some((file, path)) = self.source.file() {
            let part = Part::new(file, head.bytes.len() as u64, until);
            copy(part, path, head.layout.padding(), out)?;
        }
        Ok(())
    }

    /// Copies rows as they stand, but for cells of columns that the file does not have yet.
    fn copy(&mut self, layout: &Layout, block: &Block, rows: &[Row]) -> Result<(), MergeError> {
        let Some(stage) = &mut self.stage else {
            return Ok(());
        };
        let out = stage.writer();
        if layout.padding().is_empty() {
            out.buffer().extend_from_slice(block.bytes(rows));
        } else {
            for row in rows {
                let (content, ending) = block.parts(row);
                push_padded(out.buffer(), content, layout.padding(), ending);
            }
        }
        out.write_full().map_err(stage_error("write"))
    }

    /// Writes a row with other times.
    fn change(
        &mut self,
        head: &Head,
        block: &Block,
        row: &Row,
        change: Change,
    ) -> Result<(), MergeError> {
        if self.stage.is_none() {
            self.begin(head, block.offset(row))?;
        }
        let Some(stage) = &mut self.stage else {
            return Ok(());
        };
        let (content, ending) = block.parts(row);
        let out = stage.writer();
        let layout = &head.layout;
        match Record::whole(content, &mut self.ends) {
            Some(record) => layout.push_row(out.buffer(), &record, change.first, change.last),
            // No row of a history is none.
            None => out.buffer().extend_from_slice(content),
        }
        out.buffer().extend_from_slice(ending);
        self.merged.updated += 1;
        out.write_full().map_err(stage_error("write"))
    }

    /// Adds the pairs that the history does not have, sorted.
    fn append(&mut self, head: &Head, end: u64, sightings: &Sightings) -> Result<(), MergeError> {
        let new = absent(sightings);
        if new.is_empty() {
            return Ok(());
        }
        if self.stage.is_none() {
            self.begin(head, end)?;
        }
        let Some(stage) = &mut self.stage else {
            return Ok(());
        };
        let out = stage.writer();
        if self.open_end {
            out.buffer().extend_from_slice(head.ending());
        }
        for (id, pair) in new {
            let keys = pair::values(sightings.text(id));
            head.layout
                .push_new_row(out.buffer(), keys, pair.first, pair.last);
            out.buffer().extend_from_slice(head.ending());
            out.write_full().map_err(stage_error("write"))?;
            self.merged.added += 1;
        }
        Ok(())
    }
}

fn stage_error(step: &'static str) -> impl FnOnce(io::Error) -> MergeError {
    move |cause| MergeError::Stage(step, cause)
}

/// The pairs that no row of the history has, in the order of their key values.
fn absent(sightings: &Sightings) -> Vec<(PairId, &Sighting)> {
    let mut new: Vec<_> = sightings
        .iter()
        .filter(|(_, pair)| pair.recorded() == Recorded::Absent)
        .collect();
    new.sort_unstable_by(|(one, _), (other, _)| {
        pair::values(sightings.text(*one)).cmp(pair::values(sightings.text(*other)))
    });
    new
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
    out: &mut Writer,
) -> Result<(), MergeError> {
    if padding.is_empty() {
        return copy_bytes(&mut part, path, out);
    }
    let mut rows = RecordReader::new(part);
    let failed = |error| unreadable(path, &io::Error::other(error));
    while let Some(row) = rows.next_record().map_err(failed)? {
        push_padded(out.buffer(), row.record.bytes(), padding, row.ending);
        out.write_full().map_err(stage_error("write"))?;
    }
    Ok(())
}

fn copy_bytes(part: &mut Part<'_>, path: &Path, out: &mut Writer) -> Result<(), MergeError> {
    let mut piece = vec![0; 64 << 10];
    loop {
        let count = io::Read::read(part, &mut piece).map_err(|cause| unreadable(path, &cause))?;
        if count == 0 {
            return Ok(());
        }
        out.buffer()
            .extend_from_slice(piece.get(..count).unwrap_or_default());
        out.write_full().map_err(stage_error("write"))?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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
        let mut sightings = Sightings::new(hasher.clone());
        let mut pair = Vec::new();
        push_value(&mut pair, b"new");
        push_value(&mut pair, b"192.0.2.9");
        let time = Timestamp::from_seconds(7);
        sightings.record(&pair, time, time, 1).unwrap();
        let source = Source::open(&path).unwrap();
        let (_, stage) = merge(
            &history,
            &source,
            (folder.path(), OsStr::new("seen.csv")),
            &hasher,
            &mut sightings,
        )
        .unwrap();
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
