//! Where one record and its cells end.

/// The result of [`scan_record`].
#[derive(Debug, PartialEq, Eq)]
pub(super) enum RecordScan {
    /// A whole record: it has `length` bytes with its line ending, `content` bytes without.
    Record { length: usize, content: usize },
    /// The input may go on, and ends before the record does.
    Incomplete,
    /// The input ends inside the quoted cell that begins at this byte (from 0).
    Unterminated(usize),
    /// At this byte (from 0), after a closing quote, stands neither a comma nor a line ending.
    AfterQuote(usize),
}

/// Finds the first record of `input` and puts the end of each of its cells (bytes from the record's start) into `ends`.
///
/// `complete` says that nothing follows `input`, so that its end also ends the record. Complete input without a byte is a
/// record of one empty cell; callers pass at least one byte.
pub(super) fn scan_record(input: &[u8], complete: bool, ends: &mut Vec<u32>) -> RecordScan {
    ends.clear();
    let mut start = 0;
    loop {
        let end = match cell_end(input, start) {
            Ok(end) => end,
            Err(_) if !complete => return RecordScan::Incomplete,
            Err(opening) => return RecordScan::Unterminated(opening),
        };
        match input.get(end) {
            Some(b',') => start = end + 1,
            Some(b'\n') => return record_end(input, end, end + 1, ends),
            Some(b'\r') if input.get(end + 1) == Some(&b'\n') => {
                return record_end(input, end, end + 2, ends);
            }
            None if !complete => return RecordScan::Incomplete,
            None => return record_end(input, end, end, ends),
            // A CR at the very end may be the first half of a CR LF.
            Some(b'\r') if !complete && end + 1 == input.len() => return RecordScan::Incomplete,
            Some(_) => return RecordScan::AfterQuote(end),
        }
        ends.push(end as u32);
    }
}

/// Where the cell that begins at byte `start` ends: at a comma, a line ending or the end of `input`.
///
/// # Errors
/// The place of the opening quote of a cell that does not end.
pub(crate) fn cell_end(input: &[u8], start: usize) -> Result<usize, usize> {
    let cell = input.get(start..).unwrap_or_default();
    match cell.first() {
        Some(b'"') => quoted_end(cell).map(|length| start + length).ok_or(start),
        _ => Ok(start + plain_end(cell)),
    }
}

/// The length of a plain cell. Half of the cells that splunkd sends are empty and need no search.
#[inline]
fn plain_end(cell: &[u8]) -> usize {
    match cell.first() {
        Some(b',' | b'\n') => 0,
        _ => memchr::memchr2(b',', b'\n', cell).unwrap_or(cell.len()),
    }
}

/// The length of a quoted cell with both quotes; `None` where the closing one is missing.
fn quoted_end(cell: &[u8]) -> Option<usize> {
    let mut at = 1;
    loop {
        at += memchr::memchr(b'"', cell.get(at..)?)? + 1;
        if cell.get(at) != Some(&b'"') {
            return Some(at);
        }
        at += 1;
    }
}

/// The record whose last cell ends at `end`, and which takes `length` bytes.
fn record_end(input: &[u8], end: usize, length: usize, ends: &mut Vec<u32>) -> RecordScan {
    // Up to here, the CR of a CR LF after a plain cell counts as its last byte.
    let after_cr = length == end + 1
        && end > 0
        && input.get(end - 1) == Some(&b'\r')
        && ends
            .last()
            .is_none_or(|before| (*before as usize) + 1 < end);
    let content = if after_cr { end - 1 } else { end };
    ends.push(content as u32);
    RecordScan::Record { length, content }
}

/// A record: its bytes without line ending, and its cells.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    bytes: &'a [u8],
    ends: &'a [u32],
    /// `ends` count from this many bytes before the record.
    start: usize,
}

impl<'a> Record<'a> {
    /// Reads the bytes of one whole record without its line ending, and puts the ends of its cells into `ends`. `None` where
    /// the bytes are not exactly one record.
    pub(crate) fn parse(bytes: &'a [u8], ends: &'a mut Vec<u32>) -> Option<Self> {
        match scan_record(bytes, true, ends) {
            RecordScan::Record { content, .. } if content == bytes.len() => {
                Some(Self::within(bytes, ends, 0))
            }
            _ => None,
        }
    }

    /// From a record's bytes and the ends of its cells, which count from `start` bytes before the record.
    #[inline]
    pub(super) fn within(bytes: &'a [u8], ends: &'a [u32], start: usize) -> Self {
        Self { bytes, ends, start }
    }

    /// The record's bytes, without its line ending.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The number of cells: at least one.
    pub fn cells(&self) -> usize {
        self.ends.len()
    }

    /// The bytes of cell `index` (from 0) with its quotes; empty where there is no such cell.
    #[inline]
    pub fn raw(&self, index: usize) -> &'a [u8] {
        self.range(index)
            .and_then(|range| self.bytes.get(range))
            .unwrap_or_default()
    }

    /// Where the bytes of cell `index` (from 0) are in [`Record::bytes`].
    #[inline]
    pub(crate) fn range(&self, index: usize) -> Option<std::ops::Range<usize>> {
        let end = *self.ends.get(index)? as usize - self.start;
        let start = match index.checked_sub(1) {
            Some(before) => *self.ends.get(before)? as usize - self.start + 1,
            None => 0,
        };
        Some(start..end)
    }
}

/// A record with its line ending and its place in the source.
#[derive(Debug, Clone, Copy)]
pub struct LocatedRecord<'a> {
    /// The record.
    pub record: Record<'a>,
    /// Its line ending: LF, CR LF, or nothing at the end of the input.
    pub ending: &'a [u8],
    /// The byte of the source, from 0, at which the record begins.
    pub offset: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(input: &str) -> (RecordScan, Vec<String>) {
        let mut ends = Vec::new();
        let scanned = scan_record(input.as_bytes(), true, &mut ends);
        let content = match scanned {
            RecordScan::Record { content, .. } => content,
            _ => return (scanned, Vec::new()),
        };
        let record = Record::within(&input.as_bytes()[..content], &ends, 0);
        let cells = (0..record.cells())
            .map(|index| String::from_utf8(record.raw(index).to_vec()).unwrap())
            .collect();
        (scanned, cells)
    }

    #[test]
    fn records_and_their_cells_are_found() {
        let cases: [(&str, usize, &[&str]); 12] = [
            ("a,b\n", 4, &["a", "b"]),
            ("a,b\r\nnext", 5, &["a", "b"]),
            ("a,b", 3, &["a", "b"]),
            ("\n", 1, &[""]),
            ("\r\n", 2, &[""]),
            (",,\n", 3, &["", "", ""]),
            (",\r\n", 3, &["", ""]),
            ("\"a,\n\"\"b\",c\n", 11, &["\"a,\n\"\"b\"", "c"]),
            ("\"a\"\r\n", 5, &["\"a\""]),
            ("a\"b,c\n", 6, &["a\"b", "c"]),
            ("a\rb,c\n", 6, &["a\rb", "c"]),
            ("\"\",\"\"\n", 6, &["\"\"", "\"\""]),
        ];
        for (input, length, expected) in cases {
            let (scanned, found) = cells(input);
            assert!(
                matches!(scanned, RecordScan::Record { length: l, .. } if l == length),
                "{input:?}: {scanned:?}"
            );
            assert_eq!(found, expected, "{input:?}");
        }
    }

    #[test]
    fn what_is_not_csv_has_a_place() {
        assert_eq!(cells("a,\"b").0, RecordScan::Unterminated(2));
        assert_eq!(cells("a,\"b\"\"").0, RecordScan::Unterminated(2));
        assert_eq!(cells("\"a\"x,b\n").0, RecordScan::AfterQuote(3));
        assert_eq!(cells("\"a\"\rx\n").0, RecordScan::AfterQuote(3));
    }

    #[test]
    fn a_buffer_that_ends_too_early_is_incomplete_never_wrong() {
        let input = b"\"a,\"\"\n\",bc,\"d\"\r\n";
        for cut in 0..input.len() {
            let mut ends = Vec::new();
            assert_eq!(
                scan_record(&input[..cut], false, &mut ends),
                RecordScan::Incomplete,
                "{cut}"
            );
        }
    }
}
