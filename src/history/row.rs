//! What a row must be to be believed: as many cells as the header, times or nothing where times belong, text.

use std::io;

use super::layout::Layout;
use crate::csv::Record;
use crate::text::escape;
use crate::text::timestamp::Timestamp;

/// Why rows cannot be read. The line is counted from the offset only when the error is reported: a block that was begun
/// inside a row makes such errors too, and they are dropped.
#[derive(Debug)]
pub(super) enum BlockError {
    /// The file cannot be read.
    Unreadable(io::Error),
    /// The row that begins at this byte of the file is not one of its table: what was expected and found.
    BadRow(u64, String),
}

/// The first and last time of a row, each where it has one.
///
/// # Errors
/// The row is not one of a table with this layout: what was expected and what was found.
#[inline]
pub(super) fn times(
    row: &Record<'_>,
    layout: &Layout,
) -> Result<(Option<Timestamp>, Option<Timestamp>), String> {
    let (cells, columns) = (row.cells(), layout.columns());
    if cells != columns {
        return Err(format!(
            "expected {columns} cells as in the header, found {cells}"
        ));
    }
    layout.times(row).map_err(|wrong| {
        format!(
            "expected epoch seconds or nothing in {}, found {}",
            wrong.column,
            escape::quoted(&wrong.found)
        )
    })
}

/// Refuses a NUL byte, which no text has, and a CR outside quotes that ends no line: a file whose lines all end in a lone
/// CR would be one long line.
///
/// # Errors
/// What was expected and what was found.
pub(super) fn check_characters(record: &Record<'_>) -> Result<(), String> {
    if let Some(at) = memchr::memchr(0, record.bytes()) {
        return Err(format!(
            "expected text, found a NUL byte at byte {} of the line",
            at + 1
        ));
    }
    let lone = |cell: &[u8]| !cell.starts_with(b"\"") && cell.contains(&b'\r');
    match (0..record.cells()).find(|index| lone(record.raw(*index))) {
        Some(index) => Err(format!(
            "expected lines that end in LF or CR LF, found a CR alone in cell {}",
            index + 1
        )),
        None => Ok(()),
    }
}
