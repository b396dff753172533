//! The bytes of an input: as they are, or decompressed.

use std::io::{self, BufRead, BufReader, Chain, Cursor, Read};

use flate2::bufread::GzDecoder;

/// Bytes of compressed data that are read at once.
const BUFFER_BYTES: usize = 256 << 10;

/// The first bytes of gzip data (RFC 1952).
const GZIP_MAGIC: &[u8] = &[0x1f, 0x8b];

/// An open file or standard input.
type Raw = Box<dyn Read + Send>;

/// What was read to see whether it is compressed, and the rest.
type Whole = Chain<Cursor<Vec<u8>>, UntilItsEnd<Raw>>;

/// The bytes of an open input.
pub(super) enum Content {
    Plain(Whole),
    Gzip(Box<Gzip<BufReader<Whole>>>),
}

impl Content {
    /// Those of `raw`, decompressed where its first bytes say that it is gzip.
    ///
    /// # Errors
    /// It cannot be read.
    pub(super) fn new(raw: Raw) -> io::Result<Self> {
        let mut raw = UntilItsEnd(Some(raw));
        // Read and put back, not only looked at: a pipe may bring its first byte alone.
        let mut start = Vec::new();
        (&mut raw)
            .take(GZIP_MAGIC.len() as u64)
            .read_to_end(&mut start)?;
        let compressed = start == GZIP_MAGIC;
        let whole = Cursor::new(start).chain(raw);
        Ok(if compressed {
            let buffered = BufReader::with_capacity(BUFFER_BYTES, whole);
            Self::Gzip(Box::new(Gzip::new(buffered)))
        } else {
            Self::Plain(whole)
        })
    }

    /// Whether it ended before something that is neither gzip data nor zero bytes.
    pub(super) fn has_trailing_garbage(&self) -> bool {
        matches!(self, Self::Gzip(gzip) if gzip.trailing_garbage)
    }
}

impl Read for Content {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(plain) => plain.read(out),
            Self::Gzip(gzip) => gzip.read(out),
        }
    }
}

/// Reads no more once there was an end: a terminal has one for each time that it is typed, a named pipe one for each
/// writer.
pub(super) struct UntilItsEnd<R>(Option<R>);

impl<R: Read> Read for UntilItsEnd<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let Some(input) = &mut self.0 else {
            return Ok(0);
        };
        let count = input.read(out)?;
        if count == 0 && !out.is_empty() {
            self.0 = None;
        }
        Ok(count)
    }
}

/// Decompresses all members. Zero bytes after one are padding, as of a tape or a block device; other bytes that begin no
/// member are not read, and noted.
pub(super) struct Gzip<R> {
    /// `None` once it has ended.
    member: Option<GzDecoder<R>>,
    trailing_garbage: bool,
}

impl<R: BufRead> Gzip<R> {
    fn new(compressed: R) -> Self {
        Self {
            member: Some(GzDecoder::new(compressed)),
            trailing_garbage: false,
        }
    }

    /// The member that follows in `compressed`, where one does.
    fn next_member(&mut self, mut compressed: R) -> io::Result<Option<GzDecoder<R>>> {
        skip_zeros(&mut compressed)?;
        Ok(match compressed.fill_buf()? {
            [] => None,
            // The second byte may not have been read yet.
            [0x1f] | [0x1f, 0x8b, ..] => Some(GzDecoder::new(compressed)),
            _ => {
                self.trailing_garbage = true;
                None
            }
        })
    }

    fn read_members(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while let Some(member) = &mut self.member {
            let count = member.read(out)?;
            if count > 0 || out.is_empty() {
                return Ok(count);
            }
            let ended = self.member.take().map(GzDecoder::into_inner);
            let next = ended.map(|compressed| self.next_member(compressed));
            self.member = next.transpose()?.flatten();
        }
        Ok(0)
    }
}

impl<R: BufRead> Read for Gzip<R> {
    /// Errors say what they are about: "unexpected end of file" alone would seem to be about the file.
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.read_members(out).map_err(|cause| {
            io::Error::new(cause.kind(), format!("it is no whole gzip data: {cause}"))
        })
    }
}

fn skip_zeros(compressed: &mut impl BufRead) -> io::Result<()> {
    loop {
        let buffer = compressed.fill_buf()?;
        let zeros = buffer.iter().take_while(|byte| **byte == 0).count();
        let more = zeros > 0 && zeros == buffer.len();
        compressed.consume(zeros);
        if !more {
            return Ok(());
        }
    }
}
