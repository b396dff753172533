//! The columns of a history: which make the pair, which hold the times, and how a row is changed.

use std::borrow::Cow;

use crate::csv::{Header, Record, decoded, push_cell};
use crate::pair;
use crate::rules::DEFAULT_KEY_FIELDS;
use crate::text::escape;
use crate::text::timestamp::{FIRST_TIME, LAST_TIME, TIME_COLUMNS, Timestamp};

/// Where things are in the rows of one history.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Layout {
    columns: usize,
    keys: Vec<usize>,
    /// Whether the key columns follow each other in the order of the key fields, and another column follows them.
    keys_together: bool,
    first: TimeColumn,
    last: TimeColumn,
}

/// A time's column.
#[derive(Debug, PartialEq, Eq)]
struct TimeColumn {
    /// What it is called when the file is written.
    name: &'static str,
    /// Where it is read and written: the preferred spelling that the file has; `None` = it is added at the end.
    column: Option<usize>,
    /// Where else it may be read, cell by cell, while the first is empty: the file's other spellings.
    others: Vec<usize>,
}

impl TimeColumn {
    fn find(header: &Header, spellings: [&'static str; TIME_COLUMNS.len()]) -> Self {
        let position = |name: &&str| header.position(name.as_bytes());
        let mut found = spellings.iter().filter_map(position);
        let [name, ..] = spellings;
        Self {
            name,
            column: found.next(),
            others: found.collect(),
        }
    }

    /// The time of a row, where it has one.
    #[inline]
    fn time(&self, record: &Record<'_>) -> Result<Option<Timestamp>, BadTime> {
        let plain = |column| Timestamp::parse_plain(record.raw(column));
        match self.column.and_then(plain) {
            None => self.any_time(record),
            time => Ok(time),
        }
    }

    /// The same, however it is written.
    #[inline(never)]
    fn any_time(&self, record: &Record<'_>) -> Result<Option<Timestamp>, BadTime> {
        let cell = self.cell(record);
        match Timestamp::parse(&cell) {
            None if !cell.is_empty() => Err(BadTime {
                column: self.name,
                found: cell.into_owned(),
            }),
            time => Ok(time),
        }
    }

    /// The first of its columns that is filled, decoded; empty where none is.
    fn cell<'a>(&self, record: &Record<'a>) -> Cow<'a, [u8]> {
        let preferred = self.column.map(|column| decoded(record.raw(column)));
        match preferred {
            Some(cell) if !cell.is_empty() => cell,
            _ => self.other_cell(record),
        }
    }

    fn other_cell<'a>(&self, record: &Record<'a>) -> Cow<'a, [u8]> {
        self.others
            .iter()
            .map(|column| decoded(record.raw(*column)))
            .find(|cell| !cell.is_empty())
            .unwrap_or_default()
    }
}

/// What is put into a cell of a time column.
#[derive(Debug, Clone, Copy)]
enum Cell {
    Name(&'static str),
    Time(Timestamp),
}

impl Cell {
    fn push(self, out: &mut Vec<u8>) {
        match self {
            Self::Name(name) => out.extend_from_slice(name.as_bytes()),
            Self::Time(time) => time.write(out),
        }
    }
}

/// A cell that should hold a time and does not.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct BadTime {
    /// The column's name when the file is written.
    pub(super) column: &'static str,
    /// What is there.
    pub(super) found: Vec<u8>,
}

/// Refuses the history of the default key fields to a search whose key fields `keys` lack one of them: rows that it adds
/// would have no bucket or no address, and those that it changes are other pairs' too.
fn check_whole_keys(header: &Header, keys: &[usize]) -> Result<(), String> {
    let columns = DEFAULT_KEY_FIELDS.map(|name| header.position(name.as_bytes()));
    let lacking = DEFAULT_KEY_FIELDS
        .iter()
        .zip(columns)
        .find(|(_, column)| column.is_some_and(|column| !keys.contains(&column)));
    match lacking {
        Some((name, _)) if columns.iter().all(Option::is_some) => Err(format!(
            "{name} among the key fields, since the rows are pairs of {} and new ones would have no {name}",
            DEFAULT_KEY_FIELDS.join(" and ")
        )),
        _ => Ok(()),
    }
}

impl Layout {
    /// Finds the columns of the key fields `keys` and of the times.
    ///
    /// # Errors
    /// What was expected: a key column that is missing, one column where there are two of a name, or a history that is not
    /// of the default key fields where these key fields lack one of them.
    pub(super) fn find(header: &Header, keys: &[String]) -> Result<Self, String> {
        for name in keys
            .iter()
            .map(String::as_bytes)
            .chain([FIRST_TIME, LAST_TIME].map(str::as_bytes))
        {
            if header.names().filter(|column| *column == name).count() > 1 {
                return Err(format!(
                    "one column {} in the header, of which there are two",
                    escape::escaped(name)
                ));
            }
        }
        let missing = |name: &String| {
            format!(
                "a column {} in the header",
                escape::escaped(name.as_bytes())
            )
        };
        let keys = keys
            .iter()
            .map(|name| {
                header
                    .position(name.as_bytes())
                    .ok_or_else(|| missing(name))
            })
            .collect::<Result<Vec<_>, _>>()?;
        check_whole_keys(header, &keys)?;
        Ok(Self {
            columns: header.len(),
            keys_together: are_together(&keys, header.len()),
            keys,
            first: TimeColumn::find(header, TIME_COLUMNS.map(|(first, _)| first)),
            last: TimeColumn::find(header, TIME_COLUMNS.map(|(_, last)| last)),
        })
    }

    /// Of a history that does not exist yet: `keys` key fields, then the times.
    pub(super) fn first(keys: usize) -> Self {
        let column = |name: &'static str, column| TimeColumn {
            name,
            column: Some(column),
            others: Vec::new(),
        };
        Self {
            columns: keys + 2,
            keys: (0..keys).collect(),
            keys_together: true,
            first: column(FIRST_TIME, keys),
            last: column(LAST_TIME, keys + 1),
        }
    }

    /// How many cells a row has.
    pub(super) fn columns(&self) -> usize {
        self.columns
    }

    /// The decoded values of a row's key fields.
    pub(super) fn key_cells<'a>(&self, record: &Record<'a>) -> impl Iterator<Item = Cow<'a, [u8]>> {
        self.keys.iter().map(|column| decoded(record.raw(*column)))
    }

    /// The text of a row's pair, where it has all its values and stands in the row as it is. There must be no quotes and
    /// no CR in the row.
    #[inline]
    pub(super) fn pair_text<'a>(&self, record: &Record<'a>) -> Option<&'a [u8]> {
        let (first, last) = (self.keys.first()?, self.keys.last()?);
        let is_text = |column: &usize| {
            let cell = record.raw(*column);
            pair::is_value(cell) && pair::is_canonical(cell)
        };
        if !self.keys_together || !self.keys.iter().all(is_text) {
            return None;
        }
        let (first, last) = (record.range(*first)?, record.range(*last)?);
        record.bytes().get(first.start..=last.end)
    }

    /// A row's first and last time, each where it has one.
    ///
    /// # Errors
    /// A cell that is filled with something else.
    pub(super) fn times(
        &self,
        record: &Record<'_>,
    ) -> Result<(Option<Timestamp>, Option<Timestamp>), BadTime> {
        Ok((self.first.time(record)?, self.last.time(record)?))
    }

    /// What is appended to rows that are not changed: empty cells for columns that the file does not have yet.
    pub(super) fn padding(&self) -> &'static [u8] {
        match (self.first.column, self.last.column) {
            (Some(_), Some(_)) => b"",
            (None, None) => b",,",
            _ => b",",
        }
    }

    /// Appends the header with its time columns called firstTime and lastTime; cells that say so already stay as they are.
    pub(super) fn push_header(&self, out: &mut Vec<u8>, header: &Record<'_>) {
        let renamed = |time: &TimeColumn| {
            let cell = time
                .column
                .map_or(b"".as_slice(), |column| header.raw(column));
            (decoded(cell) != time.name.as_bytes()).then_some(Cell::Name(time.name))
        };
        self.push_changed(out, header, renamed(&self.first), renamed(&self.last));
    }

    /// Appends `record` with these times; `None` leaves a cell as it is.
    pub(super) fn push_row(
        &self,
        out: &mut Vec<u8>,
        record: &Record<'_>,
        first: Option<Timestamp>,
        last: Option<Timestamp>,
    ) {
        self.push_changed(out, record, first.map(Cell::Time), last.map(Cell::Time));
    }

    /// Appends `record` with the cells of its time columns replaced where there is something to put there.
    fn push_changed(
        &self,
        out: &mut Vec<u8>,
        record: &Record<'_>,
        first: Option<Cell>,
        last: Option<Cell>,
    ) {
        let mut changes = [(&self.first, first), (&self.last, last)];
        changes.sort_by_key(|(time, _)| time.column.unwrap_or(usize::MAX));
        let mut copied = 0;
        for (time, cell) in &changes {
            if let (Some(range), Some(cell)) = (time.column.and_then(|at| record.range(at)), cell) {
                out.extend_from_slice(record.bytes().get(copied..range.start).unwrap_or_default());
                cell.push(out);
                copied = range.end;
            }
        }
        out.extend_from_slice(record.bytes().get(copied..).unwrap_or_default());
        for (_, cell) in changes.iter().filter(|(time, _)| time.column.is_none()) {
            out.push(b',');
            if let Some(cell) = cell {
                cell.push(out);
            }
        }
    }

    /// Appends a new row, without line ending.
    pub(super) fn push_new_row<'a>(
        &self,
        out: &mut Vec<u8>,
        keys: impl Iterator<Item = Cow<'a, [u8]>>,
        first: Timestamp,
        last: Timestamp,
    ) {
        let mut cells = vec![Vec::new(); self.columns];
        for (column, value) in self.keys.iter().zip(keys) {
            if let Some(cell) = cells.get_mut(*column) {
                push_cell(cell, &value);
            }
        }
        for (time, at) in [(&self.first, first), (&self.last, last)] {
            match time.column.and_then(|column| cells.get_mut(column)) {
                Some(cell) => at.write(cell),
                None => {
                    let mut cell = Vec::new();
                    at.write(&mut cell);
                    cells.push(cell);
                }
            }
        }
        out.extend_from_slice(&cells.join(&b','));
    }
}

/// Whether `columns` follow each other, with at least one more of the row's `all` columns after the last of them.
fn are_together(columns: &[usize], all: usize) -> bool {
    let (from, others) = (columns.iter(), columns.iter().skip(1));
    from.zip(others).all(|(one, next)| one + 1 == *next)
        && columns.last().is_some_and(|last| last + 1 < all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_record<T>(line: &str, then: impl FnOnce(&Record<'_>) -> T) -> T {
        let mut ends = Vec::new();
        then(&Record::parse(line.as_bytes(), &mut ends).unwrap())
    }

    fn layout(header: &str) -> Layout {
        let keys = ["bucket_name", "remote_ip"].map(str::to_owned);
        with_record(header, |record| Layout::find(&Header::new(record), &keys)).unwrap()
    }

    fn times(header: &str, row: &str) -> (Option<i64>, Option<i64>) {
        let (first, last) = with_record(row, |record| layout(header).times(record)).unwrap();
        (first.map(Timestamp::seconds), last.map(Timestamp::seconds))
    }

    #[test]
    fn times_are_found_under_every_spelling_and_cell_by_cell() {
        let cases = [
            (
                "bucket_name,remote_ip,firstTime,lastTime",
                "b,i,1,2",
                (Some(1), Some(2)),
            ),
            (
                "latest,bucket_name,earliest,remote_ip",
                "2,b,1,i",
                (Some(1), Some(2)),
            ),
            (
                "bucket_name,remote_ip,firstTimeSeen,lastTimeSeen",
                "b,i,1,2",
                (Some(1), Some(2)),
            ),
            (
                "bucket_name,remote_ip,earliest,latest,firstTime,lastTime",
                "b,i,1,2,3,4",
                (Some(3), Some(4)),
            ),
            (
                "bucket_name,remote_ip,earliest,latest,firstTime,lastTime",
                "b,i,1,2,,4",
                (Some(1), Some(4)),
            ),
            (
                "bucket_name,remote_ip,firstTime,lastTime",
                "b,i,,",
                (None, None),
            ),
            ("bucket_name,remote_ip", "b,i", (None, None)),
        ];
        for (header, row, expected) in cases {
            assert_eq!(times(header, row), expected, "{header} / {row}");
        }
    }

    #[test]
    fn a_change_touches_its_cell_and_nothing_else() {
        let at = |seconds| Some(Timestamp::from_seconds(seconds));
        let cases = [
            (
                "bucket_name,remote_ip,firstTime,lastTime,note",
                "\"b\",i,5,6,\"n,\"\"\"",
                (None, at(9)),
                "\"b\",i,5,9,\"n,\"\"\"",
            ),
            (
                "lastTime,bucket_name,firstTime,remote_ip",
                "\"6\",b,5,i",
                (at(1), at(9)),
                "9,b,1,i",
            ),
            ("bucket_name,remote_ip", "b,i", (None, at(9)), "b,i,,9"),
            (
                "bucket_name,lastTime,remote_ip",
                "b,,i",
                (None, at(9)),
                "b,9,i,",
            ),
        ];
        for (header, row, (first, last), expected) in cases {
            let mut out = Vec::new();
            with_record(row, |record| {
                layout(header).push_row(&mut out, record, first, last)
            });
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }

    #[test]
    fn headers_get_our_names_and_keep_the_others() {
        let cases = [
            (
                "\"bucket_name\",remote_ip,earliest,latest",
                "\"bucket_name\",remote_ip,firstTime,lastTime",
            ),
            (
                "firstTime,earliest,remote_ip,bucket_name",
                "firstTime,earliest,remote_ip,bucket_name,lastTime",
            ),
            (
                "bucket_name,remote_ip",
                "bucket_name,remote_ip,firstTime,lastTime",
            ),
            (
                "bucket_name,remote_ip,\"firstTime\",\"latest\"",
                "bucket_name,remote_ip,\"firstTime\",lastTime",
            ),
        ];
        for (header, expected) in cases {
            let mut out = Vec::new();
            with_record(header, |record| {
                layout(header).push_header(&mut out, record)
            });
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }

    #[test]
    fn a_new_row_fills_its_cells_in_the_columns_order() {
        let mut out = Vec::new();
        let keys: [&[u8]; 2] = [b"b,1", b"192.0.2.7"];
        layout("note,lastTime,remote_ip,bucket_name").push_new_row(
            &mut out,
            keys.into_iter().map(Cow::from),
            Timestamp::from_seconds(1),
            Timestamp::from_seconds(2),
        );
        assert_eq!(out, b",2,192.0.2.7,\"b,1\",1");
    }
}
