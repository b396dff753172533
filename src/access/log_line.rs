//! The log line in a row's `_raw`, and the columns that it has the last word on.

use std::borrow::Cow;

use super::agreement::{Agreement, Agreements, LINE_COLUMNS};
use super::field::{Field, cell};
use crate::accesslog::{Event, HttpStatus};
use crate::csv::{Header, Record, multivalues, push_cell, strip_quotes, undoubled};
use crate::pair;

/// A log line: the values of [`LINE_COLUMNS`], and its status.
#[derive(Debug)]
pub(super) struct LogLine<'a> {
    event: Event<'a>,
    /// Whether quotes are doubled in it.
    doubled: bool,
}

impl<'a> LogLine<'a> {
    /// Reads the cell of a `_raw` as it stands in CSV; `None` where that is no log line.
    fn read(cell: &'a [u8]) -> Option<Self> {
        let doubled = strip_quotes(cell);
        let event = match doubled {
            Some(text) => Event::read_doubled(text)?,
            None => Event::read(cell)?,
        };
        Some(Self {
            event,
            doubled: doubled.is_some(),
        })
    }

    /// The text of `LINE_COLUMNS[index]` as it stands in the line; empty beyond the last.
    fn text(&self, index: usize) -> &'a [u8] {
        match index {
            0 => self.event.bucket_name,
            1 => self.event.remote_ip,
            2 => self.event.requester,
            _ => b"",
        }
    }

    /// The value of `LINE_COLUMNS[index]`; empty beyond the last.
    pub(super) fn value(&self, index: usize) -> Cow<'a, [u8]> {
        let text = self.text(index);
        if self.doubled {
            undoubled(text)
        } else {
            Cow::Borrowed(text)
        }
    }

    /// Whether a cell of CSV is plainly the value of `LINE_COLUMNS[index]`: with quotes written in the same way.
    fn is_plainly(&self, index: usize, cell: &[u8]) -> bool {
        let text = strip_quotes(cell);
        text.is_some() == self.doubled && text.unwrap_or(cell) == self.text(index)
    }

    pub(super) fn status(&self) -> HttpStatus {
        self.event.http_status
    }
}

/// Where the log line and the [`LINE_COLUMNS`] of a row are.
#[derive(Debug, Clone, Copy, Default)]
pub struct LineColumns {
    raw: Option<usize>,
    fields: [Field; LINE_COLUMNS.len()],
}

impl LineColumns {
    pub(super) fn find(header: &Header) -> Self {
        Self {
            raw: header.position(b"_raw"),
            fields: LINE_COLUMNS.map(|name| Field::find(header, name.as_bytes())),
        }
    }

    /// The names of those [`LINE_COLUMNS`] that the header does not have.
    pub fn absent(self) -> impl Iterator<Item = &'static str> {
        let columns = LINE_COLUMNS.into_iter().zip(self.fields);
        columns.filter_map(|(name, field)| field.plain.is_none().then_some(name))
    }

    /// The cell of _raw as CSV; empty where there is no such column.
    pub(super) fn raw<'a>(&self, record: &Record<'a>) -> &'a [u8] {
        self.raw.map_or(b"", |at| record.raw(at))
    }

    /// The log line in the `_raw` of `record`, if it is one.
    pub(super) fn read<'a>(&self, record: &Record<'a>) -> Option<LogLine<'a>> {
        LogLine::read(self.raw(record))
    }

    /// How the columns of `record` agree with `line`, which is its log line.
    pub(super) fn compare(&self, record: &Record<'_>, line: &LogLine<'_>) -> Agreements {
        let mut agreements = Agreements::default();
        for (index, (agreement, field)) in agreements.0.iter_mut().zip(self.fields).enumerate() {
            let [plain, twin] = [field.plain, field.multivalue]
                .map(|column| column.map_or(b"".as_slice(), |at| record.raw(at)));
            if !(twin.is_empty() && line.is_plainly(index, plain)) {
                *agreement = of_field(field, record, &line.value(index));
            }
        }
        agreements
    }

    /// The value that the log line of `record` has for the column `name`, as CSV; empty where there is no log line or it
    /// has no such value.
    pub fn csv_in_line(&self, record: &Record<'_>, name: &str) -> Vec<u8> {
        let index = LINE_COLUMNS.iter().position(|column| *column == name);
        let (mut csv, line) = (Vec::new(), self.read(record));
        if let (Some(index), Some(line)) = (index, line) {
            push_cell(&mut csv, &line.value(index));
        }
        csv
    }

    /// Appends the bytes of `record`, with the values of its log line in those of its columns that differ. The columns
    /// of [`LineColumns::absent`] follow its last cell, empty where they do not differ.
    pub fn write_corrected(&self, record: &Record<'_>, agreements: Agreements, out: &mut Vec<u8>) {
        let Some(line) = self.read(record) else {
            out.extend_from_slice(record.bytes());
            return;
        };
        let differs = |index: usize| agreements.differs(index);
        for at in 0..record.cells() {
            push_separator(out, at);
            let is_at = |column: Option<usize>| column == Some(at);
            let plain = self.fields.iter().position(|field| is_at(field.plain));
            let twin = self.fields.iter().position(|field| is_at(field.multivalue));
            match (plain, twin) {
                (Some(index), _) if differs(index) => push_cell(out, &line.value(index)),
                (_, Some(index)) if differs(index) => {}
                _ => out.extend_from_slice(record.raw(at)),
            }
        }
        let absent = self.fields.iter().enumerate();
        for (index, _) in absent.filter(|(_, field)| field.plain.is_none()) {
            out.push(b',');
            if differs(index) {
                push_cell(out, &line.value(index));
            }
        }
    }
}

/// How the values of a field agree with a line's value.
fn of_field(field: Field, record: &Record<'_>, in_line: &[u8]) -> Agreement {
    let Some(twin) = field.twin(record) else {
        return Agreement::of(&cell(record, field.plain), in_line);
    };
    let mut values = multivalues(&twin).flatten();
    match (values.next(), values.next()) {
        (Some(value), None) => Agreement::of(&value, in_line),
        _ if multivalues(&twin)
            .flatten()
            .any(|value| pair::is_value(&value)) =>
        {
            Agreement::Other
        }
        _ => Agreement::of(b"", in_line),
    }
}

fn push_separator(out: &mut Vec<u8>, index: usize) {
    if index > 0 {
        out.push(b',');
    }
}
