//! Lines out of a stream, many at a time, with a limit.

use std::io::{self, Read};
use std::ops::Range;

use memchr::{memchr, memchr_iter, memrchr};

use crate::csv::read_full;

/// The longest line that is looked at, in bytes: S3's own are a few thousand at most. The rest of a longer one is
/// skipped, not held.
pub(super) const MAX_LINE_BYTES: usize = 1 << 20;

/// The bytes that are read at once.
const PIECE_BYTES: usize = 256 << 10;

/// Reads lines.
#[derive(Debug)]
pub(super) struct LineReader<R> {
    input: R,
    /// The start of a line that was read after the last whole one.
    begun: Vec<u8>,
}

impl<R: Read> LineReader<R> {
    pub(super) fn new(input: R) -> Self {
        Self {
            input,
            begun: Vec::new(),
        }
    }

    /// Puts the next lines into `text` from byte `from` on: some hundred kilobytes of whole lines with their endings.
    /// Returns where they end, which is `from` at the end of the input. Bytes of `text` after that are of no use.
    pub(super) fn next_lines(&mut self, text: &mut Vec<u8>, from: usize) -> io::Result<usize> {
        let (mut searched, mut length) = (from, from + self.begun.len());
        text.splice(from..length.min(text.len()), self.begun.drain(..));
        loop {
            if text.len() < length + PIECE_BYTES {
                text.resize(length + PIECE_BYTES, 0);
            }
            let room = text.get_mut(length..length + PIECE_BYTES);
            let read = read_full(&mut self.input, room.unwrap_or_default())?;
            if read == 0 {
                return Ok(length);
            }
            length += read;
            let new = text.get(searched..length).unwrap_or_default();
            if let Some(line_feed) = memrchr(b'\n', new) {
                let end = searched + line_feed + 1;
                let begun = text.get(end..length).unwrap_or_default();
                self.begun.extend_from_slice(begun);
                return Ok(end);
            }
            if length - from > MAX_LINE_BYTES {
                self.skip_line()?;
                return Ok(from + MAX_LINE_BYTES);
            }
            searched = length;
        }
    }

    /// Skips what is left of a line.
    fn skip_line(&mut self) -> io::Result<()> {
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            let read = read_full(&mut self.input, &mut piece)?;
            let piece = piece.get(..read).unwrap_or_default();
            let rest = memchr(b'\n', piece).and_then(|line_feed| piece.get(line_feed + 1..));
            self.begun.extend_from_slice(rest.unwrap_or_default());
            if piece.is_empty() || rest.is_some() {
                return Ok(());
            }
        }
    }
}

/// Where the lines of `text` are, without their endings: at most [`MAX_LINE_BYTES`] of each.
pub(super) fn lines(text: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let without_ending = (!text.ends_with(b"\n")).then_some(text.len());
    let mut start = 0;
    memchr_iter(b'\n', text)
        .chain(without_ending)
        .map(move |end| {
            let from = std::mem::replace(&mut start, end + 1);
            let line = text.get(from..end.min(from + MAX_LINE_BYTES));
            let ending = line.unwrap_or_default().iter().rev();
            let returns = ending.take_while(|byte| **byte == b'\r').count();
            from..from + line.map_or(0, <[u8]>::len) - returns
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All lines of `text`.
    fn read(text: &[u8]) -> Vec<Vec<u8>> {
        let mut reader = LineReader::new(text);
        let (mut piece, mut found) = (b"other".to_vec(), Vec::new());
        loop {
            // After something else, as in a piece of several inputs.
            let end = reader.next_lines(&mut piece, 5).unwrap();
            assert_eq!(piece[..5], *b"other");
            if end == 5 {
                return found;
            }
            let text = &piece[5..end];
            found.extend(lines(text).map(|line| text[line].to_vec()));
        }
    }

    #[test]
    fn lines_are_read_whole_wherever_the_input_is_cut() {
        let line = |number: usize| vec![b'a' + (number % 26) as u8; number * 7919 % 40_000];
        let expected: Vec<_> = (0..200).map(line).collect();
        for ending in ["\n", "\r\n"] {
            let text = expected.join(ending.as_bytes());
            assert_eq!(read(&text), expected);
            assert_eq!(read(&[&text, ending.as_bytes()].concat()), expected);
        }
        assert_eq!(read(b""), Vec::<Vec<u8>>::new());
        assert_eq!(read(b"\n\r\n"), [b"", b""]);
    }

    #[test]
    fn a_line_without_end_is_cut_and_the_next_one_read() {
        for length in [2, 3, 5].map(|times| times * MAX_LINE_BYTES + 1000) {
            let text = [&vec![b'x'; length], b"\nnext\r\n\nlast".as_slice()].concat();
            let found = read(&text);
            assert!(found[0] == vec![b'x'; MAX_LINE_BYTES]);
            assert_eq!(
                found[1..],
                [b"next".to_vec(), b"".to_vec(), b"last".to_vec()]
            );
        }
    }

    #[test]
    fn lines_between_lines_without_end_are_read() {
        let long = vec![b'x'; 2 * MAX_LINE_BYTES + 1000];
        for short in [0, 1, 100, 2 * PIECE_BYTES] {
            let between = b"a\nb\n".repeat(short);
            let text = [&long, b"\n".as_slice(), &between, &long, b"\nlast"].concat();
            let found = read(&text);
            assert_eq!(found.len(), 2 * short + 3);
            assert!(found[1..=2 * short].iter().all(|line| line.len() == 1));
            assert!(found[2 * short + 1] == vec![b'x'; MAX_LINE_BYTES]);
            assert_eq!(found[2 * short + 2], b"last");
        }
    }

    #[test]
    fn a_line_of_just_the_limit_is_read_whole() {
        for (length, ending, expected) in [
            (MAX_LINE_BYTES - 1, "\n", MAX_LINE_BYTES - 1),
            (MAX_LINE_BYTES, "\n", MAX_LINE_BYTES),
            (MAX_LINE_BYTES, "", MAX_LINE_BYTES),
            (MAX_LINE_BYTES + 1, "\n", MAX_LINE_BYTES),
        ] {
            for before in ["", "before\n"] {
                let line = vec![b'x'; length];
                let text = [before.as_bytes(), &line, ending.as_bytes(), b"next"].concat();
                let found = read(&text[..text.len() - if ending.is_empty() { 4 } else { 0 }]);
                let found = &found[usize::from(!before.is_empty())..];
                assert_eq!(found[0].len(), expected, "{length}");
                let next = (!ending.is_empty()).then(|| b"next".to_vec());
                assert_eq!(found.get(1), next.as_ref());
            }
        }
    }
}
