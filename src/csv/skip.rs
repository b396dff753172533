//! The end of a record that is too long to be held: found byte by byte, in whatever pieces the record comes.

use super::error::ReadError;

/// Where in a record the bytes so far end.
#[derive(Debug, Clone, Copy, Default)]
enum State {
    #[default]
    CellStart,
    Plain,
    Quoted,
    /// After a quote inside a quoted cell: the one that closes it, or the first of a doubled one.
    AfterQuote,
    /// After that quote and a CR, which must be the first half of a CR LF.
    AfterReturn,
}

/// Follows one record, with the grammar of [`super::record::scan_record`], and keeps none of it.
#[derive(Debug, Default)]
pub(super) struct RecordSkip {
    state: State,
    /// The bytes of the record so far.
    length: usize,
    /// Where its last quoted cell began.
    opened: usize,
    /// Where the last quote stands that may have closed it.
    closed: usize,
}

impl RecordSkip {
    /// The next bytes of the record. Returns how many of them belong to it, with its line ending, once it ends among them.
    ///
    /// # Errors
    /// Something follows a closing quote.
    pub(super) fn advance(&mut self, bytes: &[u8]) -> Result<Option<usize>, ReadError> {
        let mut at = 0;
        while let Some(rest @ [byte, ..]) = bytes.get(at..) {
            let place = self.length + at;
            at += 1;
            self.state = match (self.state, byte) {
                (State::Quoted, _) => match memchr::memchr(b'"', rest) {
                    Some(quote) => {
                        at += quote;
                        self.closed = place + quote;
                        State::AfterQuote
                    }
                    None => {
                        at = bytes.len();
                        State::Quoted
                    }
                },
                (State::AfterReturn, b'\n') => return Ok(Some(at)),
                (State::AfterReturn, _) => return Err(self.after_quote()),
                (_, b'\n') => return Ok(Some(at)),
                (_, b',') => State::CellStart,
                (State::AfterQuote, b'"') => State::Quoted,
                (State::AfterQuote, b'\r') => State::AfterReturn,
                (State::AfterQuote, _) => return Err(self.after_quote()),
                (State::CellStart, b'"') => {
                    self.opened = place;
                    State::Quoted
                }
                (State::CellStart | State::Plain, _) => {
                    let end = memchr::memchr2(b',', b'\n', rest);
                    at += end.map_or(rest.len(), |end| end.max(1)) - 1;
                    State::Plain
                }
            };
        }
        self.length += bytes.len();
        Ok(None)
    }

    /// Says that the input ends here.
    ///
    /// # Errors
    /// It ends inside a quoted cell, or where a CR LF has begun.
    pub(super) fn finish(self) -> Result<(), ReadError> {
        match self.state {
            // Bytes are counted from 1 for people.
            State::Quoted => Err(ReadError::Unterminated(self.opened + 1)),
            State::AfterReturn => Err(self.after_quote()),
            State::CellStart | State::Plain | State::AfterQuote => Ok(()),
        }
    }

    fn after_quote(&self) -> ReadError {
        ReadError::AfterQuote(self.closed + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::csv::record::{RecordScan, scan_record};

    /// What becomes of a record that comes in pieces of this length: its length with the line ending, or the error's text.
    fn skipped(input: &[u8], piece: usize) -> Result<usize, String> {
        let mut skip = RecordSkip::default();
        let mut before = 0;
        for bytes in input.chunks(piece) {
            match skip.advance(bytes) {
                Ok(None) => before += bytes.len(),
                Ok(Some(length)) => return Ok(before + length),
                Err(error) => return Err(error.to_string()),
            }
        }
        skip.finish().map_err(|error| error.to_string())?;
        Ok(before)
    }

    fn scanned(input: &[u8]) -> Result<usize, String> {
        match scan_record(input, true, &mut Vec::new()) {
            RecordScan::Record { length, .. } => Ok(length),
            RecordScan::Unterminated(at) => Err(ReadError::Unterminated(at + 1).to_string()),
            RecordScan::AfterQuote(at) => Err(ReadError::AfterQuote(at).to_string()),
            RecordScan::Incomplete => Err("incomplete".to_owned()),
        }
    }

    /// All texts of up to six of the bytes that matter.
    #[test]
    fn a_record_ends_where_a_reader_that_holds_it_finds_its_end() {
        const BYTES: [u8; 5] = *b"a,\"\r\n";
        for length in 1..=6 {
            for number in 0..BYTES.len().pow(length) {
                let digit = |place| BYTES[number / BYTES.len().pow(place) % BYTES.len()];
                let input: Vec<u8> = (0..length).map(digit).collect();
                let expected = scanned(&input);
                for piece in 1..=input.len() {
                    let shown = String::from_utf8_lossy(&input);
                    assert_eq!(skipped(&input, piece), expected, "{shown:?} by {piece}");
                }
            }
        }
    }
}
