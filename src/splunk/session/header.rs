//! The header of a chunk: which columns say what a row is about.

use crate::access::{Access, AccessColumns, LINE_COLUMNS, LineColumns};
use crate::csv::{Header, Record};
use crate::detector::{AMBIGUOUS, DETAIL_COLUMNS, Details, HTTP_STATUS};
use crate::rules::Output;
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
type DetailColumns = [Option<usize>; DETAIL_COLUMNS.len()];

/// What is held of a row that may have to be returned.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct HeldColumns {
    line: LineColumns,
    /// The details of it; `None`: the whole row.
    details: Option<DetailColumns>,
}

impl ChunkHeader {
    /// From a chunk's first record; `keys` are the names of the key fields.
    pub(super) fn new(record: &Record<'_>, keys: &[String]) -> Self {
        let names = Header::new(record);
        Self {
            columns: AccessColumns::find(&names, keys),
            details: DETAIL_COLUMNS.map(|name| names.position(name.as_bytes())),
            names,
        }
    }

    /// Whether a record has as many cells.
    pub(super) fn fits(&self, record: &Record<'_>) -> bool {
        record.cells() == self.names.len()
    }

    /// What is held of rows whose search returns `output`.
    pub(super) fn held(&self, output: Output) -> HeldColumns {
        HeldColumns {
            line: self.columns.line(),
            details: (output == Output::Pairs).then_some(self.details),
        }
    }

    /// Whether it has the column `DETAIL_COLUMNS[index]`.
    pub(super) fn has_detail(&self, index: usize) -> bool {
        self.details.get(index).is_some_and(Option::is_some)
    }

    /// The names and places of the cells that a held row has where its log line says more than its columns: those of
    /// the header, and after them those that [`LineColumns::write_corrected`] adds.
    pub(super) fn held_names(&self) -> impl Iterator<Item = &[u8]> {
        let absent = self.columns.line().absent();
        self.names
            .names()
            .chain(absent.map(|name| -> &[u8] { name.as_bytes() }))
    }
}

impl HeldColumns {
    /// Appends what is held of `record`, whose access is `access`, to `held`.
    pub(super) fn write(self, record: &Record<'_>, access: Access, held: &mut Vec<u8>) {
        match self.details {
            Some(details) => self.write_details(details, record, access, held),
            None if access.agreements.all_same() => held.extend_from_slice(record.bytes()),
            None => self.line.write_corrected(record, access.agreements, held),
        }
    }

    fn write_details(
        self,
        details: DetailColumns,
        record: &Record<'_>,
        access: Access,
        held: &mut Vec<u8>,
    ) {
        let in_line = |name: &str| {
            let index = LINE_COLUMNS.iter().position(|column| *column == name);
            let differs = index.is_some_and(|index| access.agreements.differs(index));
            differs.then(|| self.line.csv_in_line(record, name))
        };
        let corrected = DETAIL_COLUMNS.map(|name| match name {
            HTTP_STATUS => access.ambiguous.then(|| AMBIGUOUS.to_vec()),
            _ => in_line(name),
        });
        let cell = |index: usize| {
            let column = details.get(index).copied().flatten();
            let corrected = corrected.get(index).and_then(Option::as_deref);
            let in_column = || column.map_or(b"".as_slice(), |at| record.raw(at));
            corrected.unwrap_or_else(in_column)
        };
        Details::copy(std::array::from_fn(cell), held);
    }
}
