//! Frames in and out of two streams.

use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};

use crate::error::Error;
use crate::splunk::frame::{self, Header, MAX_HEADER_BYTES, MAX_METADATA_BYTES};
use crate::splunk::message::{Level, Reply, Request};
use crate::text::escape;

/// Why the conversation ends early.
#[derive(Debug)]
pub(super) enum Abort {
    /// The other end is gone: the search was cancelled.
    Cancelled,
    /// The run failed, and no reply can say so: the input is not the protocol, or the rows of a reply broke off.
    Unreportable(Error),
    /// The run failed: the reply says so, after these messages.
    Failed(Error, Vec<(Level, String)>),
}

impl From<Error> for Abort {
    fn from(error: Error) -> Self {
        Self::Failed(error, Vec::new())
    }
}

impl From<io::Error> for Abort {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe
            | io::ErrorKind::UnexpectedEof
            | io::ErrorKind::ConnectionReset => Self::Cancelled,
            _ => Error::environment(format!("the connection to splunkd failed: {error}")).into(),
        }
    }
}

/// The two streams.
pub(super) struct Connection<R: Read, W: Write> {
    input: BufReader<R>,
    output: BufWriter<W>,
    /// Bytes of the current request's body that have not been read.
    unread: u64,
}

impl<R: Read, W: Write> Connection<R, W> {
    pub(super) fn new(input: R, output: W) -> Self {
        Self {
            input: BufReader::with_capacity(64 << 10, input),
            output: BufWriter::with_capacity(256 << 10, output),
            unread: 0,
        }
    }

    pub(super) fn into_input(self) -> BufReader<R> {
        self.input
    }

    /// Receives the first request: getinfo. `None` where nothing comes at all.
    pub(super) fn receive_first(&mut self) -> Result<Option<Request>, Abort> {
        let header = match self.header() {
            Ok(Some(header)) => header,
            Ok(None) => return Ok(None),
            Err(Abort::Failed(..)) => return Err(Abort::Unreportable(not_chunked())),
            Err(abort) => return Err(abort),
        };
        let request = self.request(header, "getinfo")?;
        // getinfo has no rows; if a body comes all the same, it is skipped.
        io::copy(&mut self.body(), &mut io::sink())?;
        Ok(Some(request))
    }

    /// Receives the next request: execute. `None` at the end of the input.
    pub(super) fn receive(&mut self) -> Result<Option<Request>, Abort> {
        match self.header()? {
            Some(header) => self.request(header, "execute").map(Some),
            None => Ok(None),
        }
    }

    fn header(&mut self) -> Result<Option<Header>, Abort> {
        let mut line = Vec::new();
        (&mut self.input)
            .take(MAX_HEADER_BYTES as u64)
            .read_until(b'\n', &mut line)?;
        if line.is_empty() {
            return Ok(None);
        }
        match line.strip_suffix(b"\n").map(frame::parse_header) {
            Some(Some(header)) => Ok(Some(header)),
            None if line.len() < MAX_HEADER_BYTES && b"chunked ".starts_with(line.get(..8).unwrap_or(&line)) => {
                Err(Abort::Cancelled)
            }
            _ => Err(Error::environment(format!(
                "expected a header line \"chunked 1.0,<metadata bytes>,<body bytes>\" from splunkd, found {}",
                escape::quoted(line.strip_suffix(b"\n").unwrap_or(&line))
            ))
            .into()),
        }
    }

    fn request(&mut self, header: Header, expected: &str) -> Result<Request, Abort> {
        if header.metadata > MAX_METADATA_BYTES {
            return Err(Error::environment(format!(
                "splunkd announces {} bytes of metadata; at most {MAX_METADATA_BYTES} are read",
                header.metadata
            ))
            .into());
        }
        let mut metadata = Vec::new();
        (&mut self.input)
            .take(header.metadata)
            .read_to_end(&mut metadata)?;
        if (metadata.len() as u64) < header.metadata {
            return Err(Abort::Cancelled);
        }
        self.unread = header.body;
        let request = Request::parse(&metadata).map_err(|cause| {
            Error::environment(format!(
                "the metadata that splunkd sent is not what the protocol has: {}",
                // The words of the JSON reader repeat what came, in any length.
                escape::quoted(cause.to_string().as_bytes())
            ))
        })?;
        if request.action == expected {
            return Ok(request);
        }
        Err(Error::environment(format!(
            "expected the action {expected} from splunkd, found {}",
            escape::quoted(request.action.as_bytes())
        ))
        .into())
    }

    /// The current request's body. Its end before the announced length is an error, not an end.
    pub(super) fn body(&mut self) -> Body<'_, R> {
        Body {
            input: &mut self.input,
            unread: &mut self.unread,
        }
    }

    /// Sends a reply without rows.
    pub(super) fn reply(&mut self, reply: &Reply) -> Result<(), Abort> {
        self.reply_with(reply, b"")
    }

    /// Sends a reply with these rows.
    pub(super) fn reply_with(&mut self, reply: &Reply, rows: &[u8]) -> Result<(), Abort> {
        self.reply_streamed(reply, rows.len() as u64, |out| Ok(out.write_all(rows)?))
    }

    /// Sends a reply with the rows that `each` visits, the same ones each time: first they are measured, then sent.
    pub(super) fn reply_each(
        &mut self,
        reply: &Reply,
        mut each: impl FnMut(&mut Visit<'_>) -> Result<(), Abort>,
    ) -> Result<(), Abort> {
        let mut length = 0;
        each(&mut |row| {
            length += row.len() as u64;
            Ok(())
        })?;
        self.reply_streamed(reply, length, |out| {
            each(&mut |row| Ok(out.write_all(row)?))
        })
    }

    /// Sends a reply with `length` bytes of rows, which `write` writes.
    fn reply_streamed(
        &mut self,
        reply: &Reply,
        length: u64,
        write: impl FnOnce(&mut dyn Write) -> Result<(), Abort>,
    ) -> Result<(), Abort> {
        let metadata = reply.to_json();
        let header = Header {
            metadata: metadata.len() as u64,
            body: length,
        };
        self.output
            .write_all(frame::header_line(header).as_bytes())?;
        self.output.write_all(&metadata)?;
        write(&mut self.output).map_err(|abort| match abort {
            // splunkd would take another frame for the rest of the rows.
            Abort::Failed(error, _) => Abort::Unreportable(error),
            abort => abort,
        })?;
        Ok(self.output.flush()?)
    }
}

/// The error of a first line that is not one of the protocol, with the two ways in which that happens. The line is not
/// shown: those of the older protocol hold a session key.
pub fn not_chunked() -> Error {
    Error::environment(
        "standard input does not begin with a frame of Splunk's chunked protocol (\"chunked 1.0,...\"); as a search \
         command it needs \"chunked = true\" in commands.conf; in a shell, use s3newip scan (see s3newip --help)",
    )
}

/// What is called with each row of a reply.
pub(super) type Visit<'a> = dyn FnMut(&[u8]) -> Result<(), Abort> + 'a;

/// A body, as a stream.
pub(super) struct Body<'a, R> {
    input: &'a mut BufReader<R>,
    unread: &'a mut u64,
}

impl<R> Body<'_, R> {
    /// The bytes that have not been read.
    pub(super) fn length(&self) -> u64 {
        *self.unread
    }
}

impl<R: Read> Read for Body<'_, R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let length = usize::try_from(*self.unread)
            .unwrap_or(usize::MAX)
            .min(out.len());
        let out = out.get_mut(..length).unwrap_or_default();
        if out.is_empty() {
            return Ok(0);
        }
        let count = self.input.read(out)?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        *self.unread -= count as u64;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_break_off_are_followed_by_nothing() {
        let mut out = Vec::new();
        let mut connection = Connection::new(io::empty(), &mut out);
        let reply = Reply::default();
        let sent = connection.reply_streamed(&reply, 9, |out| {
            out.write_all(b"a row")?;
            Err(Error::environment("no disk").into())
        });
        assert!(matches!(sent, Err(Abort::Unreportable(error)) if error.to_string() == "no disk"));
        drop(connection);
        assert!(out.ends_with(b"a row"));
    }
}
