//! One record in a buffer: where its cells end.

/// What a look at the start of a buffer found.
#[derive(Debug, PartialEq, Eq)]
pub enum Scanned {
    /// A whole record: it takes `length` bytes with its line ending, `content` without.
    Record {
        /// Bytes of the record with its line ending.
        length: usize,
        /// Bytes of the record without its line ending.
        content: usize,
    },
    /// The buffer ends inside the record, and more is to come.
    Incomplete,
    /// The input ends inside a quoted cell that began at this byte (from 0).
    Unterminated(usize),
    /// A quoted cell is followed, at this byte (from 0), by something that is neither a comma nor a line ending.
    AfterQuote(usize),
}

/// Finds the first record of `input` and puts the end of each of its cells (bytes from the record's start) into `ends`.
///
/// `complete` says that nothing follows `input`: its end is then the record's. An empty complete input is a record of
/// one empty cell; callers ask only where there is input.
pub fn scan(input: &[u8], complete: bool, ends: &mut Vec<u32>) -> Scanned {
    ends.clear();
    let mut start = 0;
    loop {
        let end = match cell_end(input, start) {
            Ok(end) => end,
            Err(_) if !complete => return Scanned::Incomplete,
            Err(opening) => return Scanned::Unterminated(opening),
        };
        match input.get(end) {
            Some(b',') => start = end + 1,
            Some(b'\n') => return finished(input, end, end + 1, ends),
            Some(b'\r') if input.get(end + 1) == Some(&b'\n') => {
                return finished(input, end, end + 2, ends);
            }
            None if !complete => return Scanned::Incomplete,
            None => return finished(input, end, end, ends),
            // A CR at the very end may be the first half of a CR LF.
            Some(b'\r') if !complete && end + 1 == input.len() => return Scanned::Incomplete,
            Some(_) => return Scanned::AfterQuote(end),
        }
        ends.push(end as u32);
    }
}

/// Where the cell that begins at `start` ends: at a comma, a line ending or the end of input.
///
/// # Errors
/// The opening quote of a cell that does not end.
pub fn cell_end(input: &[u8], start: usize) -> Result<usize, usize> {
    let cell = input.get(start..).unwrap_or_default();
    match cell.first() {
        Some(b'"') => quoted_end(cell).map(|length| start + length).ok_or(start),
        _ => Ok(start + plain_end(cell)),
    }
}

/// The bytes of a plain cell. Half of the cells that splunkd sends are empty: they need no search.
#[inline]
fn plain_end(cell: &[u8]) -> usize {
    match cell.first() {
        Some(b',' | b'\n') => 0,
        _ => memchr::memchr2(b',', b'\n', cell).unwrap_or(cell.len()),
    }
}

/// The bytes of a quoted cell with both quotes.
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
fn finished(input: &[u8], end: usize, length: usize, ends: &mut Vec<u32>) -> Scanned {
    // The CR of a CR LF after a plain cell was taken for its last byte.
    let after_cr = length == end + 1
        && end > 0
        && input.get(end - 1) == Some(&b'\r')
        && ends
            .last()
            .is_none_or(|before| (*before as usize) + 1 < end);
    let content = if after_cr { end - 1 } else { end };
    ends.push(content as u32);
    Scanned::Record { length, content }
}

/// A record: its bytes without line ending, and its cells.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    bytes: &'a [u8],
    ends: &'a [u32],
    /// What the ends count from: this many bytes before the record.
    start: usize,
}

impl<'a> Record<'a> {
    /// From the content of a record and the cell ends that [`scan`] found for it.
    pub fn new(bytes: &'a [u8], ends: &'a [u32]) -> Self {
        Self::within(bytes, ends, 0)
    }

    /// From the bytes of one whole record without its line ending; the ends of its cells are put into `ends`. `None` where
    /// the bytes are none.
    pub fn whole(bytes: &'a [u8], ends: &'a mut Vec<u32>) -> Option<Self> {
        match scan(bytes, true, ends) {
            Scanned::Record { content, .. } if content == bytes.len() => {
                Some(Self::new(bytes, ends))
            }
            _ => None,
        }
    }

    /// From a record's bytes and cell ends that count from `start` bytes before the record.
    #[inline]
    pub(super) fn within(bytes: &'a [u8], ends: &'a [u32], start: usize) -> Self {
        Self { bytes, ends, start }
    }

    /// The record's bytes, without its line ending.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// How many cells it has: at least one.
    pub fn cells(&self) -> usize {
        self.ends.len()
    }

    /// The bytes of cell `index` (from 0) as they stand, quotes and all; empty where there is no such cell.
    #[inline]
    pub fn raw(&self, index: usize) -> &'a [u8] {
        self.range(index)
            .and_then(|range| self.bytes.get(range))
            .unwrap_or_default()
    }

    /// Where cell `index` stands in [`Record::bytes`].
    #[inline]
    pub fn range(&self, index: usize) -> Option<std::ops::Range<usize>> {
        let end = *self.ends.get(index)? as usize - self.start;
        let start = match index.checked_sub(1) {
            Some(before) => *self.ends.get(before)? as usize - self.start + 1,
            None => 0,
        };
        Some(start..end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(input: &str) -> (Scanned, Vec<String>) {
        let mut ends = Vec::new();
        let scanned = scan(input.as_bytes(), true, &mut ends);
        let content = match scanned {
            Scanned::Record { content, .. } => content,
            _ => return (scanned, Vec::new()),
        };
        let record = Record::new(&input.as_bytes()[..content], &ends);
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
                matches!(scanned, Scanned::Record { length: l, .. } if l == length),
                "{input:?}: {scanned:?}"
            );
            assert_eq!(found, expected, "{input:?}");
        }
    }

    #[test]
    fn what_is_not_csv_has_a_place() {
        assert_eq!(cells("a,\"b").0, Scanned::Unterminated(2));
        assert_eq!(cells("a,\"b\"\"").0, Scanned::Unterminated(2));
        assert_eq!(cells("\"a\"x,b\n").0, Scanned::AfterQuote(3));
        assert_eq!(cells("\"a\"\rx\n").0, Scanned::AfterQuote(3));
    }

    #[test]
    fn a_buffer_that_ends_too_early_is_incomplete_never_wrong() {
        let input = b"\"a,\"\"\n\",bc,\"d\"\r\n";
        for cut in 0..input.len() {
            let mut ends = Vec::new();
            assert_eq!(
                scan(&input[..cut], false, &mut ends),
                Scanned::Incomplete,
                "{cut}"
            );
        }
    }
}
