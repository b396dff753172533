//! Lines out of a stream, with a limit.

use std::io::{self, BufRead, Read};

/// The longest line that is looked at, in bytes: S3's own are a few thousand at most. The rest of a longer one is
/// skipped, not held.
pub(super) const MAX_LINE_BYTES: usize = 1 << 20;

/// Puts the next line, without its line ending, into `line`: at most [`MAX_LINE_BYTES`] of it. `false` at the end.
pub(super) fn next_line(input: &mut dyn BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    let read = (&mut *input)
        .take(MAX_LINE_BYTES as u64)
        .read_until(b'\n', line)?;
    if read == MAX_LINE_BYTES && line.last() != Some(&b'\n') {
        input.skip_until(b'\n')?;
    }
    while line
        .last()
        .is_some_and(|byte| matches!(byte, b'\n' | b'\r'))
    {
        line.pop();
    }
    Ok(read > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_without_end_is_cut_and_the_next_one_read() {
        let mut text = vec![b'x'; 3 * MAX_LINE_BYTES];
        text.extend_from_slice(b"\nnext\r\n\nlast");
        let mut input = text.as_slice();
        let (mut line, mut found) = (Vec::new(), Vec::new());
        while next_line(&mut input, &mut line).unwrap() {
            found.push(line.clone());
        }
        assert_eq!(found[0].len(), MAX_LINE_BYTES);
        assert_eq!(
            found[1..],
            [b"next".to_vec(), b"".to_vec(), b"last".to_vec()]
        );
    }

    #[test]
    fn a_line_of_just_the_limit_is_read_whole() {
        for (length, ending, expected) in [
            (MAX_LINE_BYTES - 1, "\n", MAX_LINE_BYTES - 1),
            (MAX_LINE_BYTES, "\n", MAX_LINE_BYTES),
            (MAX_LINE_BYTES, "", MAX_LINE_BYTES),
            (MAX_LINE_BYTES + 1, "\n", MAX_LINE_BYTES),
        ] {
            let text = [&vec![b'x'; length], ending.as_bytes(), b"next"].concat();
            let (mut input, mut line) = (text.as_slice(), Vec::new());
            assert!(next_line(&mut input, &mut line).unwrap());
            assert_eq!(line.len(), expected, "{length}");
            let more = next_line(&mut input, &mut line).unwrap();
            assert_eq!(
                (more, line.as_slice()),
                match ending {
                    "" => (false, b"".as_slice()),
                    _ => (true, b"next".as_slice()),
                }
            );
        }
    }
}
