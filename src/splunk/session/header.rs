//! The header of a chunk: which columns say what a row is about.

use crate::access::AccessColumns;
use crate::csv::{Header, Record};
use crate::detector::{DETAIL_COLUMNS, Details};
use crate::text::timestamp::TIME_COLUMNS;

/// The fields that a search reads besides its key fields, and those that people put into its table. splunkd extracts
/// only the fields that required_fields names. A `reporting` search, which returns a table and no other columns, also
/// reads those of rows from stats and tstats.
pub(super) fn required_fields(reporting: bool) -> impl Iterator<Item = &'static str> {
    let times = TIME_COLUMNS
        .iter()
        .flat_map(|(first, last)| [*first, *last]);
    let summarised = times.chain(["count"]).filter(move |_| reporting);
    ["_time", "_raw"]
        .into_iter()
        .chain(DETAIL_COLUMNS)
        .chain(summarised)
}

/// The header of one or more chunks.
#[derive(Debug)]
pub(super) struct ChunkHeader {
    pub(super) names: Header,
    pub(super) columns: AccessColumns,
    details: DetailColumns,
}

/// Where the columns of [`DETAIL_COLUMNS`] are.
#[derive(Debug, Clone, Copy)]
pub(super) struct DetailColumns([Option<usize>; DETAIL_COLUMNS.len()]);

impl ChunkHeader {
    /// From a chunk's first record; `keys` are the names of the key fields.
    pub(super) fn new(record: &Record<'_>, keys: &[String]) -> Self {
        let names = Header::new(record);
        Self {
            columns: AccessColumns::find(&names, keys),
            details: DetailColumns(DETAIL_COLUMNS.map(|name| names.position(name.as_bytes()))),
            names,
        }
    }

    /// Whether a record has as many cells.
    pub(super) fn fits(&self, record: &Record<'_>) -> bool {
        record.cells() == self.names.len()
    }

    pub(super) fn details(&self) -> DetailColumns {
        self.details
    }

    /// Whether it has the column `DETAIL_COLUMNS[index]`.
    pub(super) fn has_detail(&self, index: usize) -> bool {
        self.details.0.get(index).is_some_and(Option::is_some)
    }
}

impl DetailColumns {
    /// Appends the details of `record` to `held`.
    pub(super) fn write(self, record: &Record<'_>, held: &mut Vec<u8>) {
        let cell = |column: Option<usize>| column.map_or(b"".as_slice(), |at| record.raw(at));
        Details::copy(self.0.map(cell), held);
    }
}
