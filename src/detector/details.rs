//! The cells of an event that the program itself shows, as they are held: one CSV record.
//!
//! ```text
//! details = time "," http_status "," operation "," request_uri "," requester "," user_agent
//! ```
//!
//! The time is that of the event, empty where it is not shown. A cell is empty where the input has no such column.

use std::borrow::Cow;

use crate::csv::{Record, decoded, push_cell};
use crate::text::timestamp::Timestamp;

/// The columns of a pair's earliest event that a table of pairs shows.
pub(crate) const DETAIL_COLUMNS: [&str; 5] = [
    "http_status",
    "operation",
    "request_uri",
    "requester",
    "user_agent",
];

/// The details of one event.
#[derive(Debug)]
pub(crate) struct Details<'a> {
    pub(crate) time: Option<Timestamp>,
    /// The cells of [`DETAIL_COLUMNS`] as CSV, quotes and all.
    cells: [&'a [u8]; DETAIL_COLUMNS.len()],
}

impl<'a> Details<'a> {
    /// Appends the details of an event at `time` to `held`; `cells` are plain text.
    pub(crate) fn encode(
        time: Timestamp,
        cells: [&[u8]; DETAIL_COLUMNS.len()],
        held: &mut Vec<u8>,
    ) {
        time.write(held);
        for cell in cells {
            held.push(b',');
            push_cell(held, cell);
        }
    }

    /// Appends details without a time to `held`; `cells` are CSV already, and copied as they are.
    pub(crate) fn copy(cells: [&[u8]; DETAIL_COLUMNS.len()], held: &mut Vec<u8>) {
        for cell in cells {
            held.push(b',');
            held.extend_from_slice(cell);
        }
    }

    /// Reads what [`Details::encode`] or [`Details::copy`] wrote; nothing at all is an event without details.
    pub(crate) fn decode(held: &'a [u8]) -> Self {
        let mut ends = Vec::new();
        let record = Record::parse(held, &mut ends);
        let cell = |index| {
            let range = record.and_then(|record| record.range(index));
            range.and_then(|range| held.get(range)).unwrap_or_default()
        };
        Self {
            time: Timestamp::parse(cell(0)),
            cells: std::array::from_fn(|index| cell(index + 1)),
        }
    }

    /// The cell of `DETAIL_COLUMNS[index]` as CSV; empty beyond the last.
    pub(crate) fn csv(&self, index: usize) -> &'a [u8] {
        self.cells.get(index).copied().unwrap_or_default()
    }

    /// The cells of [`DETAIL_COLUMNS`] as plain text.
    pub(crate) fn texts(&self) -> [Cow<'a, [u8]>; DETAIL_COLUMNS.len()] {
        self.cells.map(decoded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_comes_back_as_it_was() {
        let cells: [&[u8]; 5] = [b"200", b"REST.GET.OBJECT", b"GET /a,\"b\"\n", b"", b"\xff"];
        let mut held = Vec::new();
        Details::encode(Timestamp::from_seconds(1_433_261_392), cells, &mut held);
        let details = Details::decode(&held);
        assert_eq!(details.time, Some(Timestamp::from_seconds(1_433_261_392)));
        assert_eq!(details.texts(), cells.map(Cow::Borrowed));
    }

    #[test]
    fn cells_of_csv_are_not_changed() {
        let cells: [&[u8]; 5] = [b"\"200\"", b"", b"\"a,\"\"b\"\"\"", b"\"\"", b"x"];
        let mut held = Vec::new();
        Details::copy(cells, &mut held);
        let details = Details::decode(&held);
        assert_eq!(details.time, None);
        assert_eq!(std::array::from_fn(|index| details.csv(index)), cells);
    }

    #[test]
    fn an_event_of_which_nothing_is_held_has_empty_cells() {
        let details = Details::decode(b"");
        assert_eq!((details.time, details.cells), (None, [b"".as_slice(); 5]));
    }
}
