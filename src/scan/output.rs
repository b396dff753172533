//! The result on standard output: a table for a person, CSV for a spreadsheet, NDJSON for a program.
//!
//! Text from logs is what attackers wrote. A terminal gets it with control characters escaped; a spreadsheet gets it
//! escaped too, and with a leading quote where it would be run as a formula; a program gets it as it is, in JSON's own
//! escapes; what is not UTF-8 it gets as a terminal does.

use std::io::{self, Write};

use serde::Serializer;
use unicode_width::UnicodeWidthStr;

use super::arguments::{Format, ScanArguments};
use super::cells::{self, Cell};
use super::geoip::GeoIp;
use crate::detector::Outcome;
use crate::text::escape;

/// Writes the result in the format that `arguments` name.
///
/// # Errors
/// Those of `out`, and of reading back rows beyond memory.
pub(super) fn write(
    arguments: &ScanArguments,
    geoip: Option<&GeoIp>,
    outcome: &mut Outcome,
    out: &mut dyn Write,
) -> io::Result<()> {
    let columns = cells::columns(arguments);
    let mut rows = |visit: &mut dyn FnMut(Vec<Cell>) -> io::Result<()>| {
        cells::for_each_row(arguments, geoip, outcome, visit)
    };
    match arguments.format {
        Format::Table => table(&columns, &mut rows, out),
        Format::Csv => csv(&columns, &mut rows, out),
        Format::Ndjson => rows(&mut |cells| ndjson(&columns, &cells, out)),
    }
}

/// The widest column, in characters: a longer cell pushes the rest of its own row to the right, and not that of every
/// other row, so that one long URL does not become as many spaces in each line.
const WIDEST: usize = 100;

/// Calls a function with every row.
type Rows<'a> = dyn FnMut(&mut dyn FnMut(Vec<Cell>) -> io::Result<()>) -> io::Result<()> + 'a;

/// Two passes: the first finds how wide the columns are.
fn table(columns: &[&str], rows: &mut Rows<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut widths: Vec<_> = columns.iter().map(|name| name.width()).collect();
    let mut any = false;
    rows(&mut |cells| {
        any = true;
        for (width, cell) in widths.iter_mut().zip(&cells) {
            *width = visible(cell).width().min(WIDEST).max(*width);
        }
        Ok(())
    })?;
    if !any {
        return Ok(());
    }
    table_row(&widths, columns.iter().map(|name| (*name).to_owned()), out)?;
    rows(&mut |cells| table_row(&widths, cells.iter().map(visible), out))
}

fn table_row(
    widths: &[usize],
    cells: impl Iterator<Item = String>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut line = String::new();
    for (cell, width) in cells.zip(widths) {
        let padding = width.saturating_sub(cell.width());
        line.push_str(&cell);
        line.extend(std::iter::repeat_n(' ', padding + 2));
    }
    writeln!(out, "{}", line.trim_end())
}

fn visible(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) if text.is_empty() => "-".to_owned(),
        cell => escape::escaped(&cell.to_bytes()),
    }
}

fn csv(columns: &[&str], rows: &mut Rows<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(columns).map_err(kept_kind)?;
    rows(&mut |cells| {
        let cells = cells.iter().map(harmless);
        writer.write_record(cells).map_err(kept_kind)
    })?;
    writer.flush()
}

/// The system's error with its kind, which the conversion that csv has loses: a broken pipe is no failure.
fn kept_kind(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(cause) => cause,
        _ => io::ErrorKind::InvalidData.into(),
    }
}

/// What a spreadsheet takes for the beginning of a formula, in both widths.
const FORMULA: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];

/// The cell in a form that no spreadsheet runs as a formula, nor what follows a semicolon, at which some of them split.
fn harmless(cell: &Cell) -> String {
    let text = escape::escaped(&cell.to_bytes());
    if text == "-" {
        return text;
    }
    let mut safe = String::with_capacity(text.len());
    let mut begins = true;
    for character in text.chars() {
        if begins && FORMULA.contains(&character) {
            safe.push('\'');
        }
        safe.push(character);
        // A quote may be all that is before it, of which a reader that splits at semicolons makes nothing.
        begins = character == ';' || begins && character == '"';
    }
    safe
}

fn ndjson(columns: &[&str], cells: &[Cell], out: &mut dyn Write) -> io::Result<()> {
    let text = |text: &[u8]| match std::str::from_utf8(text) {
        Ok(text) => text.to_owned(),
        // A replacement character would not say which byte it was.
        Err(_) => escape::escaped(text),
    };
    let value = |cell: &Cell| match cell {
        Cell::Text(bytes) => serde_json::Value::from(text(bytes)),
        Cell::Number(number) => serde_json::Value::from(*number),
    };
    let mut json = Vec::new();
    let pairs = columns.iter().zip(cells.iter().map(value));
    serde_json::Serializer::new(&mut json).collect_map(pairs)?;
    let mut line = String::with_capacity(json.len() + 1);
    // What JSON lets through and a terminal acts on stands in strings only, where it can be escaped.
    for character in String::from_utf8_lossy(&json).chars() {
        if escape::is_visible(character) {
            line.push(character);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                line.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    line.push('\n');
    out.write_all(line.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spreadsheet_runs_nothing_that_an_attacker_wrote() {
        let cases = [
            ("=cmd|'/c calc'!A0", "'=cmd|'/c calc'!A0"),
            ("+1", "'+1"),
            ("-1+1", "'-1+1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("-", "-"),
            ("GET /=x HTTP/1.1", "GET /=x HTTP/1.1"),
            ("\t=1", "\\t=1"),
            ("＝1", "'＝1"),
            ("a;\"=1", "a;\"'=1"),
            ("x;=cmd|'/c calc'!A0;+1", "x;'=cmd|'/c calc'!A0;'+1"),
            (
                "(compatible; +https://example.com)",
                "(compatible; +https://example.com)",
            ),
            ("", ""),
        ];
        for (text, expected) in cases {
            assert_eq!(harmless(&Cell::Text(text.into())), expected);
        }
    }

    #[test]
    fn a_program_gets_what_the_log_says() {
        let mut out = Vec::new();
        let cells = [Cell::Text(b"=1\x1b[2J\"".to_vec()), Cell::Number(7)];
        ndjson(&["request_uri", "count"], &cells, &mut out).unwrap();
        assert_eq!(out, b"{\"request_uri\":\"=1\\u001b[2J\\\"\",\"count\":7}\n");
    }

    #[test]
    fn a_terminal_does_nothing_that_json_lets_through() {
        let text = "\u{9b}2J\u{7f}\u{202e}\u{e0001}\u{e9}";
        let mut out = Vec::new();
        ndjson(&["request_uri"], &[Cell::Text(text.into())], &mut out).unwrap();
        let line = r#"{"request_uri":"\u009b2J\u007f\u202e\udb40\udc01é"}"#;
        assert_eq!(out, format!("{line}\n").into_bytes());
        let object: serde_json::Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(object["request_uri"], text);
    }

    #[test]
    fn bytes_that_are_no_text_stay_apart() {
        let lines = [b"b\xff", b"b\x80"].map(|bytes| {
            let mut out = Vec::new();
            ndjson(&["bucket_name"], &[Cell::Text(bytes.to_vec())], &mut out).unwrap();
            out
        });
        assert_eq!(
            lines[0],
            br#"{"bucket_name":"b\\xff"}"#.iter().chain(b"\n").copied().collect::<Vec<_>>()
        );
        assert_ne!(lines[0], lines[1]);
    }
}
