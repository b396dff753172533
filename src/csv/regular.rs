//! Regular CSV, 64 bytes at a time: while every quote is where RFC 4180 allows it, the delimiters of many records are
//! found with a few instructions a byte. The first record with another quote, and all after it, are left to
//! [`super::record::scan_record`], which knows the errors.
//!
//! ```text
//! bytes       bucket,"a,""b""",7⏎
//! quotes             ^  ^^ ^^^
//! inside             ###.##.#.          an odd number of quotes up to here; a doubled quote leaves and enters again
//! delimiters        ^         ^ ^       commas and line feeds that are not inside
//! ```
//!
//! The method is that of Langdale and Lemire, "Parsing Gigabytes of JSON per Second" (2019), section 3.

use fearless_simd::prelude::*;
use fearless_simd::{Level, dispatch};

use super::index::RecordIndex;
use crate::text::blocks::{BLOCK_BYTES, blocks, byte_masks, set_bits};

/// Adds the records of `input` from byte `from` on to `index`, as far as they are regular. Cells of a record that does not
/// end may be added too.
pub(super) fn find_regular(input: &[u8], from: usize, index: &mut RecordIndex) {
    find_with(Level::new(), input, from, index);
}

/// [`find_regular`] with the instructions of one level.
fn find_with(level: Level, input: &[u8], from: usize, index: &mut RecordIndex) {
    dispatch!(level, simd => find(simd, input, from, index));
}

#[inline(always)]
fn find<S: Simd>(simd: S, input: &[u8], from: usize, index: &mut RecordIndex) {
    let mut quotes = QuoteState::default();
    let mut at = from;
    for block in blocks(input.get(from..).unwrap_or_default()) {
        let Some((delimiters, line_feeds)) = quotes.delimiters(byte_masks(simd, block)) else {
            return;
        };
        add_delimiters(input, at, delimiters, line_feeds, index);
        at += BLOCK_BYTES;
    }
}

/// Adds the delimiters of the block that begins at byte `at`: first the ends of all cells, then those of records.
#[inline(always)]
fn add_delimiters(
    input: &[u8],
    at: usize,
    delimiters: u64,
    line_feeds: u64,
    index: &mut RecordIndex,
) {
    let before = index.cells();
    index.push_cells(set_bits(delimiters).map(|bit| (at + bit) as u32));
    for bit in set_bits(delimiters & line_feeds) {
        let up_to_here = delimiters & u64::MAX >> (BLOCK_BYTES - 1 - bit);
        let cells = before + up_to_here.count_ones() as usize;
        index.end_record(input, cells, at + bit);
    }
}

/// What a block has to know of the bytes before it.
#[derive(Debug)]
struct QuoteState {
    /// All ones where a quoted cell is open.
    inside: u64,
    /// Lowest bit: the last byte was a delimiter, or there was no byte.
    after_delimiter: u64,
    /// Lowest bit: the last byte was a closing quote, or the first of a doubled quote.
    after_closing: u64,
}

impl Default for QuoteState {
    fn default() -> Self {
        Self {
            inside: 0,
            after_delimiter: 1,
            after_closing: 0,
        }
    }
}

impl QuoteState {
    /// The masks of the next block's delimiters and of its line feeds; `None` where a quote is out of place. `equal` returns
    /// the mask of the block's bytes that are equal to its argument.
    #[inline(always)]
    fn delimiters(&mut self, equal: impl Fn(u8) -> u64) -> Option<(u64, u64)> {
        let quotes = equal(b'"');
        let line_feeds = equal(b'\n');
        let inside = prefix_xor(quotes) ^ self.inside;
        let opening = quotes & inside;
        let closing = quotes & !inside;
        let delimiters = (equal(b',') | line_feeds) & !inside;
        let after_delimiter = delimiters << 1 | self.after_delimiter;
        let after_closing = closing << 1 | self.after_closing;
        let misplaced =
            opening & !(after_delimiter | after_closing) | after_closing & !(opening | delimiters);
        if misplaced != 0 {
            let returns = after_closing & equal(b'\r');
            // A line feed at the start of the next block is not seen here.
            let line_ends = returns & line_feeds >> 1;
            if misplaced != line_ends {
                return None;
            }
        }
        self.inside = 0_u64.wrapping_sub(inside >> 63);
        self.after_delimiter = delimiters >> 63;
        self.after_closing = closing >> 63;
        Some((delimiters, line_feeds))
    }
}

/// A mask in which each bit says whether the number of `bits` set up to it, itself included, is odd.
#[inline(always)]
fn prefix_xor(bits: u64) -> u64 {
    [1, 2, 4, 8, 16, 32]
        .into_iter()
        .fold(bits, |odd, distance| odd ^ odd << distance)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::csv::Record;
    use crate::csv::record::{RecordScan, scan_record};

    type Records = Vec<Vec<Vec<u8>>>;

    /// What `scan_record` finds record by record, up to the first error.
    fn scanned(mut input: &[u8]) -> Records {
        let (mut records, mut ends) = (Vec::new(), Vec::new());
        while let RecordScan::Record { length, content } = scan_record(input, false, &mut ends) {
            let record = Record::within(&input[..content], &ends, 0);
            records.push(
                (0..record.cells())
                    .map(|cell| record.raw(cell).to_vec())
                    .collect(),
            );
            input = &input[length..];
        }
        records
    }

    /// What is found, with the processor's own instructions and with those that every processor has.
    fn found(input: &[u8]) -> Records {
        let [found, others] =
            [Level::new(), Level::baseline()].map(|level| found_with(level, input));
        assert_eq!(found, others);
        found
    }

    fn found_with(level: Level, input: &[u8]) -> Records {
        let mut index = RecordIndex::default();
        find_with(level, input, 0, &mut index);
        let cells = |record: Record<'_>| {
            (0..record.cells())
                .map(|cell| record.raw(cell).to_vec())
                .collect()
        };
        (0..index.len())
            .map(|number| cells(index.get(number, input).unwrap().record))
            .collect()
    }

    #[test]
    fn regular_records_are_all_found() {
        let row = b"1,\"two, \"\"2\"\"\",,\"three\r\nlines\n\"\nx,\r\n\r\n\n,\n";
        for before in 0..130 {
            let input = [&b"x".repeat(before), b"\n".as_slice(), &row.repeat(9)].concat();
            assert_eq!(found(&input), scanned(&input), "{before}");
        }
    }

    #[test]
    fn a_quote_before_a_line_ending_of_two_bytes_is_in_place() {
        let input = b"\"four\"\r\n".repeat(60);
        assert_eq!(found(&input), scanned(&input));
    }

    #[test]
    fn what_is_irregular_is_left_alone() {
        for row in [
            "a\"b\n",
            "\"a\"b\n",
            "\"a\" \n",
            "\"a\"\rb\n",
            "\"a\"\"",
            "a\"\n\"\n",
            "\"a\n",
        ] {
            let input = format!("x,y\n{row}");
            assert!(found(input.as_bytes()).len() <= 1, "{row:?}");
        }
    }

    proptest! {
        /// Every record that it finds is one that `scan_record` finds.
        #[test]
        fn it_finds_what_the_scan_finds(input in "[ab,\"\"\"\n\n\r]{0,300}") {
            let (found, scanned) = (found(input.as_bytes()), scanned(input.as_bytes()));
            prop_assert!(found.len() <= scanned.len());
            prop_assert_eq!(&found[..], &scanned[..found.len()]);
        }
    }
}
