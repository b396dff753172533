//! Records out of a stream, through one buffer that grows only for a record that needs it.

use std::io::{self, Read};

use super::{Record, Scanned, Scanner};

/// The longest record that is read, in bytes. Splunk cuts events at 10,000 bytes by default and its Python SDK allows
/// 10 MB a field; beyond this a sender is broken or hostile.
pub const MAX_RECORD_BYTES: usize = 64 << 20;

/// The buffer's size at the start: as much as a pipe and a disk are worth asking for at once.
const BUFFER_BYTES: usize = 256 << 10;

/// Why the next record could not be had.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The stream failed.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The input ends inside a quoted cell.
    #[error(
        "a quoted cell that begins at byte {0} of the row does not end: expected a closing quote, found the end of the data"
    )]
    Unterminated(usize),
    /// Something follows a closing quote.
    #[error(
        "expected a comma or the end of the line after the closing quote at byte {0} of the row, found something else"
    )]
    AfterQuote(usize),
    /// The record is longer than [`MAX_RECORD_BYTES`].
    #[error("a row is longer than {MAX_RECORD_BYTES} bytes")]
    TooLong,
}

/// Reads one record after the other.
#[derive(Debug)]
pub struct RecordReader<R> {
    source: R,
    buffer: Vec<u8>,
    /// The unread part of the buffer.
    start: usize,
    end: usize,
    ended: bool,
    scanner: Scanner,
    offset: u64,
}

/// A record with its line ending and place.
#[derive(Debug, Clone, Copy)]
pub struct Located<'a> {
    /// The record.
    pub record: Record<'a>,
    /// Its line ending: LF, CR LF, or nothing at the end of the input.
    pub ending: &'a [u8],
    /// The byte it begins at, from 0.
    pub offset: u64,
}

impl<R: Read> RecordReader<R> {
    /// Reads from `source`; nothing is read before the first record is asked for.
    pub fn new(source: R) -> Self {
        Self::with_buffer(source, Vec::new())
    }

    /// Reads from `source` through a buffer that was used before (see [`RecordReader::into_buffer`]).
    pub fn with_buffer(source: R, buffer: Vec<u8>) -> Self {
        Self {
            source,
            buffer,
            start: 0,
            end: 0,
            ended: false,
            scanner: Scanner::default(),
            offset: 0,
        }
    }

    /// The buffer, for the next reader.
    pub fn into_buffer(self) -> Vec<u8> {
        self.buffer
    }

    /// The next record, or `None` at the end of the input.
    ///
    /// # Errors
    /// The stream's own, text that is not CSV, a record beyond the limit.
    pub fn next_record(&mut self) -> Result<Option<Located<'_>>, ReadError> {
        let Some((length, content)) = self.find()? else {
            return Ok(None);
        };
        let (start, offset) = (self.start, self.offset);
        self.start += length;
        self.offset += length as u64;
        let bytes = self.buffer.get(start..start + length).unwrap_or_default();
        let (bytes, ending) = bytes.split_at_checked(content).unwrap_or((bytes, &[]));
        Ok(Some(Located {
            record: self.scanner.record(bytes),
            ending,
            offset,
        }))
    }

    /// The byte (from 0) that the next record begins at.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Makes the buffer hold a whole record from its start on; its length with and without line ending.
    fn find(&mut self) -> Result<Option<(usize, usize)>, ReadError> {
        loop {
            let unread = self.buffer.get(self.start..self.end).unwrap_or_default();
            if unread.is_empty() && self.ended {
                return Ok(None);
            }
            if !unread.is_empty() {
                match self.scanner.find(unread, self.ended) {
                    Scanned::Record { length, content } => return Ok(Some((length, content))),
                    Scanned::Unterminated(at) => return Err(ReadError::Unterminated(at)),
                    Scanned::AfterQuote(at) => return Err(ReadError::AfterQuote(at)),
                    Scanned::Incomplete => {}
                }
            }
            self.fill()?;
        }
    }

    /// Moves what is unread to the buffer's start and fills the rest, growing it where a record fills it alone. Filled
    /// to the brim (or to the input's end) before the next scan, so that a long record is not scanned once per read.
    fn fill(&mut self) -> Result<(), ReadError> {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        if self.end == self.buffer.len() {
            self.grow()?;
        }
        while self.end < self.buffer.len() && !self.ended {
            let room = self.buffer.get_mut(self.end..).unwrap_or_default();
            match self.source.read(room) {
                Ok(0) => self.ended = true,
                Ok(count) => self.end += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    fn grow(&mut self) -> Result<(), ReadError> {
        let length = (self.buffer.len() * 2).clamp(BUFFER_BYTES, MAX_RECORD_BYTES);
        if length == self.buffer.len() {
            return Err(ReadError::TooLong);
        }
        self.buffer.resize(length, 0);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A stream that hands out a given number of bytes a read.
    struct Pieces<'a>(&'a [u8], usize);

    impl Read for Pieces<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let count = self.1.min(self.0.len()).min(out.len());
            out[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }

    fn read_all(input: &[u8], piece: usize) -> Vec<(Vec<u8>, u64)> {
        let mut reader = RecordReader::new(Pieces(input, piece));
        let mut found = Vec::new();
        while let Some(located) = reader.next_record().unwrap() {
            found.push((located.record.bytes().to_vec(), located.offset));
        }
        found
    }

    #[test]
    fn how_the_stream_is_cut_changes_nothing() {
        let input = b"a,b\n\"x\ny\",2\r\n\nlast,\"\"\"\"";
        let expected = vec![
            (b"a,b".to_vec(), 0),
            (b"\"x\ny\",2".to_vec(), 4),
            (b"".to_vec(), 13),
            (b"last,\"\"\"\"".to_vec(), 14),
        ];
        for piece in 1..=input.len() {
            assert_eq!(read_all(input, piece), expected, "{piece} bytes a read");
        }
    }

    #[test]
    fn a_record_longer_than_the_buffer_is_read_whole() {
        let long = format!("\"{}\",end\nnext\n", "x\n".repeat(400_000));
        let found = read_all(long.as_bytes(), 70_000);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].0.len(), long.len() - "\nnext\n".len());
        assert_eq!(found[1].0, b"next");
    }

    #[test]
    fn an_endless_record_is_refused_at_the_limit() {
        let mut reader = RecordReader::new(io::repeat(b'x'));
        assert!(matches!(reader.next_record(), Err(ReadError::TooLong)));
        assert_eq!(reader.buffer.len(), MAX_RECORD_BYTES);
    }

    #[test]
    fn a_record_of_just_the_limit_is_read() {
        let mut input = vec![b'x'; MAX_RECORD_BYTES - 1];
        input.push(b'\n');
        let mut reader = RecordReader::new(input.as_slice());
        let found = reader.next_record().unwrap().unwrap();
        assert_eq!(found.record.bytes().len(), MAX_RECORD_BYTES - 1);
    }
}
