//! The history as a stream of blocks: threads read and check them in turn, while the caller compares and writes the one
//! before.
//!
//! Where the rows of a block begin is not known before all blocks before it were read: a line feed may be inside a
//! quoted cell. So the threads take the first line feed for the end of a row; a block that does not begin where the one
//! before it ended is read again from there.

use std::convert::Infallible;
use std::ops::Range;

use super::block::{Begin, Block, BlockReader, KeyFilter};
use super::row::BlockError;
use super::source::Source;
use super::table::{Head, Table};
use crate::error::Error;
use crate::ordered_pool::run_in_order;

/// The size of a block, in bytes: some thousand rows, and small enough for a processor's cache.
const BLOCK_BYTES: u64 = 256 << 10;

/// Threads that read a history of more than one block.
const READERS: usize = 2;

/// What a thread has read: the block, or why it could not.
#[derive(Debug, Default)]
struct Piece {
    span: Range<u64>,
    block: Block,
    failed: Option<BlockError>,
}

/// Calls `visit` with the head and each block of rows of `source`, in order. `None` where there is no table yet.
///
/// # Errors
/// Those of `visit`; the file cannot be read, or is no history.
pub(super) fn stream<E: From<Error>>(
    source: &Source,
    keys: &[String],
    wanted: KeyFilter<'_>,
    mut visit: impl FnMut(&Head, &Block) -> Result<(), E>,
) -> Result<Option<Head>, E> {
    let Some(table) = Table::open(source, keys)? else {
        return Ok(None);
    };
    let spans = spans(table.start, table.end);
    let threads = if spans.clone().nth(1).is_some() {
        READERS
    } else {
        0
    };
    let take = |spans: &mut _, piece: &mut Piece| {
        let span = Iterator::next(spans);
        let more = span.is_some();
        piece.span = span.unwrap_or_default();
        Ok::<_, Infallible>(more)
    };
    let reader = || {
        let mut reader = BlockReader::new(&table, wanted);
        let start = table.start;
        move |piece: &mut Piece| {
            let begin = match piece.span.start == start {
                true => Begin::Here,
                false => Begin::AfterLineFeed,
            };
            let read = reader.read(piece.span.clone(), begin, &mut piece.block);
            piece.failed = read.err();
        }
    };
    let mut again = BlockReader::new(&table, wanted);
    let mut at = table.start;
    run_in_order(threads, spans, take, reader, |piece| {
        let Ok(piece) = piece;
        let Piece {
            span,
            block,
            failed,
        } = piece;
        if at >= span.end {
            return Ok(());
        }
        // Otherwise it was begun inside a row, and what it found means nothing.
        let in_place = block.place.start == at || span.start == at;
        match failed.take() {
            Some(why) if in_place => return Err(table.error(why).into()),
            None if in_place => {}
            _ => again
                .read(at..span.end, Begin::Here, block)
                .map_err(|why| table.error(why))?,
        }
        visit(&table.head, block)?;
        at = block.place.end;
        Ok::<_, E>(())
    })?;
    Ok(Some(table.head))
}

/// The parts of the file between two bytes that are read as one block each.
fn spans(start: u64, end: u64) -> impl Iterator<Item = Range<u64>> + Clone + Send {
    let count = (end - start).div_ceil(BLOCK_BYTES);
    (0..count).map(move |number| {
        let from = start + number * BLOCK_BYTES;
        from..end.min(from + BLOCK_BYTES)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::csv::RecordReader;
    use crate::pair::PairHasher;

    const HEAD: &str = "note,bucket_name,remote_ip,firstTime,lastTime\n";

    /// What the stream has of a history with these rows, which are put together again; the number of blocks.
    fn streamed(rows: &str) -> Result<(String, usize), Error> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("seen.csv");
        std::fs::write(&path, format!("{HEAD}{rows}")).unwrap();
        let keys = ["bucket_name", "remote_ip"].map(str::to_owned);
        let hasher = PairHasher::new(&[0; 16]);
        let (mut text, mut blocks) = (String::new(), 0);
        let mut offset = HEAD.len() as u64;
        stream(
            &Source::open(&path)?,
            &keys,
            KeyFilter::all(&hasher),
            |_, block| {
                blocks += 1;
                for row in block.rows() {
                    let (content, ending) = block.parts(row);
                    let row_text = String::from_utf8([content, ending].concat()).unwrap();
                    assert_eq!(block.offset(row), offset);
                    offset += row_text.len() as u64;
                    text += &row_text;
                }
                Ok::<_, Error>(())
            },
        )?;
        Ok((text, blocks))
    }

    /// Rows whose first cell holds `lines` lines that look like rows and are not.
    fn rows(lines: &[usize]) -> String {
        let row = |lines: &usize| {
            let note = "\nbilling,\"\"192.0.2.1,\n".repeat(*lines);
            format!("\"{note}\",billing,192.0.2.7,1,2\n")
        };
        lines.iter().map(row).collect()
    }

    #[test]
    fn no_block_begins_inside_a_row() {
        // Lines that only look like rows, across the ends of blocks; a row longer than a block, longer than several.
        for lines in [
            vec![3; 20_000],
            vec![0, 40_000, 1, 30_000, 0],
            vec![100_000, 0, 0],
        ] {
            let rows = rows(&lines);
            let (text, blocks) = streamed(&rows).unwrap();
            assert!(text == rows, "{} bytes came back", text.len());
            assert!(blocks > 1);
            let mut records = RecordReader::new(rows.as_bytes());
            let count = std::iter::from_fn(|| records.next_record().unwrap().map(|_| ())).count();
            assert_eq!(count, lines.len());
        }
    }

    #[test]
    fn a_row_that_is_none_is_named_wherever_it_stands() {
        for before in [0, 10, 100_000] {
            let good = "n,billing,192.0.2.7,1,2\n".repeat(before);
            let error = streamed(&format!("{good}n,billing,192.0.2.7,yesterday,2\n{good}"));
            let error = error.unwrap_err().to_string();
            let line = format!("line {}: expected epoch seconds", before + 2);
            assert!(error.contains(&line), "{error}");
        }
    }
}
