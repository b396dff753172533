//! The history as a stream of blocks: two threads read and check one block each while the caller compares and writes
//! the one before.
//!
//! Where the rows of a block begin is not known before all blocks before it were read: a line feed may be inside a
//! quoted cell. So the threads take the first line feed for the end of a row; a block that does not begin where the one
//! before it ended is read again from there.

use std::ops::Range;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Builder, Scope};

use super::block::{Begin, Block, BlockReader, Wanted};
use super::source::Source;
use super::table::{Head, Table};
use crate::error::Error;

/// The size of a block, in bytes: some thousand rows, and small enough for a processor's cache.
const BLOCK_BYTES: u64 = 256 << 10;

/// Threads that read.
const READERS: usize = 2;

/// What a reader hands over: the block, or why its span is no part of a history.
type Read = Result<Block, Error>;

/// A thread that reads every [`READERS`]th block.
struct Reader {
    read: Receiver<Read>,
    empty: SyncSender<Block>,
}

/// Calls `visit` with the head and each block of rows of `source`, in order. `None` where there is no table yet, or an
/// empty one.
///
/// # Errors
/// Those of `visit`; the file cannot be read, or is no history.
pub(super) fn stream<E: From<Error>>(
    source: &Source,
    keys: &[String],
    wanted: Wanted<'_>,
    mut visit: impl FnMut(&Head, &Block) -> Result<(), E>,
) -> Result<Option<Head>, E> {
    let Some(table) = Table::open(source, keys)? else {
        return Ok(None);
    };
    std::thread::scope(|scope| {
        let spans = || spans(table.start, table.end);
        let readers: Vec<_> = match spans().nth(1) {
            None => Vec::new(),
            Some(_) => (0..READERS)
                .map(|number| start(scope, &table, wanted, spans().skip(number)))
                .collect::<Option<_>>()
                .unwrap_or_default(),
        };
        let mut own = BlockReader::new(&table, wanted);
        let mut at = table.start;
        for (number, span) in spans().enumerate() {
            let reader = readers.get(number % READERS);
            let read = reader.and_then(|reader| reader.read.recv().ok());
            if at >= span.end {
                continue;
            }
            let block = match read {
                Some(Ok(block)) if block.place.start == at => block,
                _ => {
                    let mut block = Block::default();
                    own.read(at..span.end, Begin::Here, &mut block)?;
                    block
                }
            };
            visit(&table.head, &block)?;
            at = block.place.end;
            if let Some(reader) = reader {
                // A reader that has ended needs no buffer.
                let _ = reader.empty.try_send(block);
            }
        }
        Ok::<_, E>(())
    })?;
    Ok(Some(table.head))
}

/// The parts of the file between two bytes that are read as one block each.
fn spans(start: u64, end: u64) -> impl Iterator<Item = Range<u64>> + Clone {
    let count = (end - start).div_ceil(BLOCK_BYTES);
    (0..count).map(move |number| {
        let from = start + number * BLOCK_BYTES;
        from..end.min(from + BLOCK_BYTES)
    })
}

/// Starts a thread that reads every [`READERS`]th of `spans`; `None` where the system has no thread to spare: then
/// whoever wants the blocks reads them.
fn start<'scope>(
    scope: &'scope Scope<'scope, '_>,
    table: &'scope Table,
    wanted: Wanted<'scope>,
    spans: impl Iterator<Item = Range<u64>> + Send + 'scope,
) -> Option<Reader> {
    let (give, read) = sync_channel::<Read>(1);
    let (empty, take_back) = sync_channel(2);
    let read_all = move || {
        let mut reader = BlockReader::new(table, wanted);
        for span in spans.step_by(READERS) {
            let mut block = take_back.try_recv().unwrap_or_default();
            let begin = match span.start == table.start {
                true => Begin::Here,
                false => Begin::AfterLineFeed,
            };
            let read = reader.read(span, begin, &mut block).map(|()| block);
            if give.send(read).is_err() {
                return;
            }
        }
    };
    let started = Builder::new().spawn_scoped(scope, read_all);
    started.ok().map(|_| Reader { read, empty })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pair::PairHasher;
    use crate::rows::RecordReader;

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
            Wanted::all(&hasher),
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

    /// Rows whose first cell holds `lines` lines that look like rows and are none.
    fn rows(lines: &[usize]) -> String {
        let row = |lines: &usize| {
            let note = "\nbilling,\"\"192.0.2.1,\n".repeat(*lines);
            format!("\"{note}\",billing,192.0.2.7,1,2\n")
        };
        lines.iter().map(row).collect()
    }

    #[test]
    fn no_block_begins_inside_a_row() {
        // Lines that are no rows across the ends of blocks; a row longer than a block, longer than several.
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
