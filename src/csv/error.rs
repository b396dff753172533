//! Why a record cannot be read.

use std::io;

/// The longest record that is read, in bytes. Splunk cuts events at 10,000 bytes by default and its Python SDK allows
/// 10 MB a field; a sender of longer records is broken or hostile.
pub const MAX_RECORD_BYTES: usize = 64 << 20;

/// Why the next record could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The stream failed.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The input ends inside the quoted cell that begins at this byte (from 1) of the record.
    #[error(
        "a quoted cell that begins at byte {0} of the row does not end: expected a closing quote, found the end of the data"
    )]
    Unterminated(usize),
    /// The closing quote at this byte (from 1) of the record is followed by neither a comma nor a line ending.
    #[error(
        "expected a comma or the end of the line after the closing quote at byte {0} of the row, found something else"
    )]
    AfterQuote(usize),
    /// The record is longer than [`MAX_RECORD_BYTES`].
    #[error("a row is longer than {MAX_RECORD_BYTES} bytes")]
    TooLong,
}
