//! A CSV file as lines of cells, each with the bytes it was written with, so that a line is given back byte for byte.
//!
//! Strict: a quote that is never closed, text after a closing quote, or a NUL byte makes the whole text no table.
//! The `csv` crate reads all of these without complaint, and cannot say which bytes a cell came from.

/// One cell: the bytes as they stand in the file, quotes included, and the value they mean.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Cell {
    pub(crate) raw: Vec<u8>,
    pub(crate) value: Vec<u8>,
}

/// One line: its cells (none where the line is blank) and its line ending (empty at the end of the text).
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Line {
    pub(crate) cells: Vec<Cell>,
    pub(crate) ending: Vec<u8>,
}

impl Cell {
    /// A cell as this project writes it: quoted only where the value cannot stand without quotes.
    pub(crate) fn written(value: &[u8]) -> Cell {
        let mut raw = value.to_vec();
        if value.iter().any(|byte| b",\"\r\n".contains(byte)) {
            raw = quoted(value);
        }
        Cell {
            raw,
            value: value.to_vec(),
        }
    }
}

/// `value` between quotes, its own quotes doubled.
pub(crate) fn quoted(value: &[u8]) -> Vec<u8> {
    let mut raw = vec![b'"'];
    for byte in value {
        raw.push(*byte);
        if *byte == b'"' {
            raw.push(b'"');
        }
    }
    raw.push(b'"');
    raw
}

/// All lines of `text`, or `None` where it is no table.
pub(crate) fn split(text: &[u8]) -> Option<Vec<Line>> {
    if text.contains(&0) {
        return None;
    }
    let mut lines = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (line, after) = split_line(rest)?;
        lines.push(line);
        rest = after;
    }
    Some(lines)
}

/// The text that [`split`] would read as `lines`.
pub(crate) fn join(lines: &[Line]) -> Vec<u8> {
    let mut text = Vec::new();
    for line in lines {
        let cells: Vec<&[u8]> = line.cells.iter().map(|cell| cell.raw.as_slice()).collect();
        text.extend(cells.join(&b','));
        text.extend(&line.ending);
    }
    text
}

fn split_line(text: &[u8]) -> Option<(Line, &[u8])> {
    let mut cells = Vec::new();
    let mut rest = text;
    loop {
        let (cell, after) = split_cell(rest)?;
        cells.push(cell);
        let (ending, next) = match after {
            [b',', next @ ..] => {
                rest = next;
                continue;
            }
            [b'\r', b'\n', ..] => after.split_at(2),
            [b'\n', ..] => after.split_at(1),
            [] => after.split_at(0),
            _ => return None,
        };
        if cells.len() == 1 && cells[0].raw.is_empty() {
            cells.clear();
        }
        let ending = ending.to_vec();
        return Some((Line { cells, ending }, next));
    }
}

fn split_cell(text: &[u8]) -> Option<(Cell, &[u8])> {
    let mut value = Vec::new();
    let length = if text.starts_with(b"\"") {
        let mut at = 1;
        loop {
            match text.get(at..)? {
                [b'"', b'"', ..] => at += 1,
                [b'"', ..] => break at + 1,
                [] => return None,
                _ => (),
            }
            value.push(text[at]);
            at += 1;
        }
    } else {
        let ends =
            |at: &usize| matches!(&text[*at..], [b',' | b'\n', ..] | [b'\r', b'\n', ..] | []);
        let length = (0..).find(ends)?;
        value.extend(&text[..length]);
        if value.contains(&b'\r') {
            return None;
        }
        length
    };
    let raw = text[..length].to_vec();
    Some((Cell { raw, value }, &text[length..]))
}

/// The model is held against the `csv` crate where both understand the text.
#[test]
fn the_lines_are_those_of_the_csv_crate_and_join_to_the_same_bytes() {
    let texts: [&[u8]; 6] = [
        b"a,b\n1,2\n",
        b"a,\"b \"\"c\"\", d\"\r\n,\r\n\"x\ny\",\"\"",
        b"\"a\"\n\n\"\"\n",
        b"a,b,c",
        b"a,\n,\n,",
        b"\xff,\xfe\n\r\n1,2",
    ];
    for text in texts {
        let lines = split(text).unwrap();
        assert_eq!(
            join(&lines).escape_ascii().to_string(),
            text.escape_ascii().to_string()
        );
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .from_reader(text);
        let theirs: Vec<Vec<Vec<u8>>> = reader
            .byte_records()
            .map(|record| record.unwrap().iter().map(<[u8]>::to_vec).collect())
            .collect();
        let values = |line: &Line| line.cells.iter().map(|cell| cell.value.clone()).collect();
        let ours: Vec<Vec<Vec<u8>>> = lines
            .iter()
            .filter(|line| !line.cells.is_empty())
            .map(values)
            .collect();
        assert_eq!(ours, theirs);
    }
}

#[test]
fn broken_quotes_and_nul_bytes_are_no_table() {
    let texts: [&[u8]; 4] = [b"a,\"b\n1,2\n", b"a,\"b\"c\n", b"\"", b"a\0,b\n"];
    for text in texts {
        assert_eq!(split(text), None, "{}", text.escape_ascii());
    }
}
