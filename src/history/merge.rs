//! One pass: the history streams past the sightings into the new file.
//!
//! Nothing is written before the first row that changes; then everything before it is copied as it stands.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::History;
use super::layout::Layout;
use super::source::Source;
use super::stage::Stage;
use super::table::{Head, HistoryRow, Table};
use crate::error::Error;
use crate::pair::{self, PairHasher};
use crate::rows::RecordReader;
use crate::sightings::{Change, PairId, Past, Sighting, Sightings};

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
    stage: Option<Stage>,
    merged: Merged,
    /// Whether the last row had no line ending.
    open_end: bool,
}

/// Streams `source` past `sightings`, and writes the result into a staged file in `folder`: `None` where nothing changes.
/// Afterwards every sighting knows what the history says of it.
///
/// # Errors
/// See [`MergeError`].
pub(super) fn merge(
    history: &History,
    source: &Source,
    folder: &Path,
    hasher: &PairHasher,
    sightings: &mut Sightings,
) -> Result<(Merged, Option<Stage>), MergeError> {
    sightings.forget_past();
    let mut merge = Merge {
        history,
        source,
        folder,
        stage: None,
        merged: Merged::default(),
        open_end: false,
    };
    match Table::open(source, history.keys(), hasher)? {
        Some(mut table) => merge.stream(&mut table, sightings)?,
        None => merge.create(sightings)?,
    }
    Ok((merge.merged, merge.stage))
}

impl Merge<'_> {
    fn stream(&mut self, table: &mut Table, sightings: &mut Sightings) -> Result<(), MergeError> {
        let head = table.head();
        let mut end = head.bytes.len() as u64;
        while let Some(row) = table.next_row()? {
            self.merged.before += u64::from(!row.is_blank());
            let start = end;
            end += (row.located.record.bytes().len() + row.located.ending.len()) as u64;
            self.open_end = row.located.ending.is_empty();
            let change = change(&row, sightings);
            if self.stage.is_none() && change.is_some() {
                self.begin(&head, start)?;
            }
            self.push(&head.layout, &row, change)?;
        }
        self.append(&head, end, sightings)
    }

    /// A history that does not exist yet.
    fn create(&mut self, sightings: &Sightings) -> Result<(), MergeError> {
        let head = Head::first(self.history.keys());
        self.append(&head, head.bytes.len() as u64, sightings)
    }

    /// Makes the staged file, and copies what stands before byte `until` of the history.
    fn begin(&mut self, head: &Head, until: u64) -> Result<(), MergeError> {
        let replaces = self
            .source
            .metadata()
            .map_err(stage_error("look at the file to replace"))?
            .is_some();
        let stage = Stage::create(self.folder, self.history.file_name(), replaces);
        let stage = self.stage.insert(stage.map_err(stage_error("create"))?);
        head.push_renamed(stage.buffer());
        if let Some((file, _)) = self.source.file() {
            copy(
                file,
                head.bytes.len() as u64,
                until,
                head.layout.padding(),
                stage,
            )
            .map_err(stage_error("write"))?;
        }
        Ok(())
    }

    fn push(
        &mut self,
        layout: &Layout,
        row: &HistoryRow<'_>,
        change: Option<Change>,
    ) -> Result<(), MergeError> {
        let Some(stage) = &mut self.stage else {
            return Ok(());
        };
        let record = &row.located.record;
        match change {
            Some(change) => {
                self.merged.updated += 1;
                layout.push_row(stage.buffer(), record, change.first, change.last);
            }
            None => {
                stage.buffer().extend_from_slice(record.bytes());
                if !row.is_blank() {
                    stage.buffer().extend_from_slice(layout.padding());
                }
            }
        }
        stage.buffer().extend_from_slice(row.located.ending);
        stage.write_full().map_err(stage_error("write"))
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
        if self.open_end {
            stage.buffer().extend_from_slice(head.ending());
        }
        for (id, pair) in new {
            let keys = pair::values(sightings.text(id));
            head.layout
                .push_new_row(stage.buffer(), keys, pair.first, pair.last);
            stage.buffer().extend_from_slice(head.ending());
            stage.write_full().map_err(stage_error("write"))?;
            self.merged.added += 1;
        }
        Ok(())
    }
}

fn stage_error(step: &'static str) -> impl FnOnce(io::Error) -> MergeError {
    move |cause| MergeError::Stage(step, cause)
}

/// What the sightings change in a row. Notes in the sighting what the row says.
fn change(row: &HistoryRow<'_>, sightings: &mut Sightings) -> Option<Change> {
    let id = sightings.find(row.key?)?;
    sightings.get_mut(id)?.meet(row.first, row.last)
}

/// The pairs that no row of the history has, in the order of their key values.
fn absent(sightings: &Sightings) -> Vec<(PairId, &Sighting)> {
    let mut new: Vec<_> = sightings
        .iter()
        .filter(|(_, pair)| pair.past == Past::Absent)
        .collect();
    new.sort_unstable_by(|(one, _), (other, _)| {
        pair::values(sightings.text(*one)).cmp(pair::values(sightings.text(*other)))
    });
    new
}

/// Copies the bytes `from..until` of `file`, with `padding` after each row that is not an empty line.
fn copy(file: &File, from: u64, until: u64, padding: &[u8], stage: &mut Stage) -> io::Result<()> {
    let mut part = Part {
        file,
        at: from,
        until,
    };
    if padding.is_empty() {
        return copy_bytes(&mut part, stage);
    }
    let mut rows = RecordReader::new(part);
    while let Some(row) = rows.next_record().map_err(io::Error::other)? {
        stage.buffer().extend_from_slice(row.record.bytes());
        if !row.record.bytes().is_empty() {
            stage.buffer().extend_from_slice(padding);
        }
        stage.buffer().extend_from_slice(row.ending);
        stage.write_full()?;
    }
    Ok(())
}

fn copy_bytes(part: &mut Part<'_>, stage: &mut Stage) -> io::Result<()> {
    let mut piece = vec![0; 64 << 10];
    loop {
        let count = io::Read::read(part, &mut piece)?;
        if count == 0 {
            return Ok(());
        }
        stage
            .buffer()
            .extend_from_slice(piece.get(..count).unwrap_or_default());
        stage.write_full()?;
    }
}

/// A part of a file, read without moving the place where somebody else reads it.
struct Part<'a> {
    file: &'a File,
    at: u64,
    until: u64,
}

impl io::Read for Part<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.until - self.at).unwrap_or(usize::MAX);
        let length = left.min(out.len());
        let out = out.get_mut(..length).unwrap_or_default();
        let count = self.file.read_at(out, self.at)?;
        if count == 0 && length > 0 {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "the history became shorter while it was read",
            ));
        }
        self.at += count as u64;
        Ok(count)
    }
}
