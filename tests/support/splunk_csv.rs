//! splunkd's CSV dialect, as its recorded sessions show it.
//!
//! ```text
//! body   = header record*                          nothing at all where there is nothing to send
//! header = every plain column, then every column's __mv_ twin in the same order
//! cell   = bare where it is letters and digits only (or empty), else quoted with quotes doubled
//! record = cells with commas between, ended by LF; a quoted cell may hold LF
//! ```

use super::row::Row;

/// The body of one chunk that holds `rows`: its header is the union of the rows' columns, in order of first appearance.
pub(crate) fn body_of(rows: &[Row]) -> Vec<u8> {
    if rows.is_empty() {
        return Vec::new();
    }
    let columns = columns_of(rows);
    let mut body = header_only(&columns);
    for row in rows {
        let plain = columns.iter().map(|column| row.plain(column));
        let twins = columns.iter().map(|column| row.twin_of(column));
        write_record(&mut body, plain.chain(twins));
    }
    body
}

/// The body of a chunk that has a header and no row.
pub(crate) fn header_only<S: AsRef<str>>(columns: &[S]) -> Vec<u8> {
    let plain = columns
        .iter()
        .map(|column| column.as_ref().as_bytes().to_vec());
    let twins = columns
        .iter()
        .map(|column| format!("__mv_{}", column.as_ref()).into_bytes());
    let mut body = Vec::new();
    write_record(&mut body, plain.chain(twins));
    body
}

/// The union of the rows' columns, in order of first appearance.
pub(crate) fn columns_of(rows: &[Row]) -> Vec<String> {
    let mut columns: Vec<String> = Vec::new();
    for column in rows.iter().flat_map(Row::columns) {
        if !columns.iter().any(|known| known == column) {
            columns.push(column.to_owned());
        }
    }
    columns
}

/// Appends one record in splunkd's quoting.
pub(crate) fn write_record(body: &mut Vec<u8>, cells: impl Iterator<Item = Vec<u8>>) {
    for (index, cell) in cells.enumerate() {
        if index > 0 {
            body.push(b',');
        }
        write_cell(body, &cell);
    }
    body.push(b'\n');
}

fn write_cell(body: &mut Vec<u8>, cell: &[u8]) {
    if cell.iter().all(u8::is_ascii_alphanumeric) {
        body.extend_from_slice(cell);
        return;
    }
    body.push(b'"');
    for &byte in cell {
        body.push(byte);
        if byte == b'"' {
            body.push(byte);
        }
    }
    body.push(b'"');
}
