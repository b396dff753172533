//! Why a line is not an S3 access log line.

use thiserror::Error;

/// The most bytes of the line that a message repeats.
const SHOWN_BYTES: usize = 40;

/// A line without one of the fields every access log line starts with.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("byte {column}: expected {expected}, found {found}")]
pub struct ParseError {
    /// The byte of the line, from 1, at which the field should start.
    column: usize,
    expected: &'static str,
    /// The text there, escaped and cut.
    found: String,
}

/// A field that is not where it should be. Cheap to make, for callers that only ask whether this is a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct MissingField<'a> {
    pub(super) expected: &'static str,
    /// The line from the byte on at which the field should start.
    pub(super) rest: &'a [u8],
}

impl MissingField<'_> {
    /// The error with its place in `line`, which ends with `rest`.
    pub(super) fn into_error(self, line: &[u8]) -> ParseError {
        ParseError {
            column: line.len().saturating_sub(self.rest.len()) + 1,
            expected: self.expected,
            found: show(self.rest),
        }
    }
}

fn show(text: &[u8]) -> String {
    match text.split_at_checked(SHOWN_BYTES) {
        _ if text.is_empty() => "the end of the line".to_owned(),
        Some((start, _)) => format!("\"{}\"...", start.escape_ascii()),
        None => format!("\"{}\"", text.escape_ascii()),
    }
}

#[cfg(test)]
mod tests {
    use crate::accesslog::parse;

    #[test]
    fn the_message_names_the_place_what_was_expected_and_what_was_found() {
        let time = "the request time, such as [06/Feb/2026:00:00:38 +0000]";
        let operation = "requester, request ID and an operation such as REST.GET.OBJECT";
        for (line, message) in [
            (
                "",
                "byte 1: expected the bucket owner, found the end of the line".to_owned(),
            ),
            (
                "  \r\n",
                "byte 1: expected the bucket owner, found the end of the line".to_owned(),
            ),
            (
                "word\n",
                "byte 1: expected the bucket owner, found \"word\"".to_owned(),
            ),
            (
                "  a",
                "byte 3: expected the bucket owner, found \"a\"".to_owned(),
            ),
            (
                "a b",
                "byte 3: expected the bucket name, found \"b\"".to_owned(),
            ),
            (
                "192.0.2.7 - - [06/Feb/2026:00:00:38 +0000] \"GET / HTTP/1.1\" 200 5",
                format!(
                    "byte 13: expected {time}, found \"- [06/Feb/2026:00:00:38 +0000] \\\"GET / HT\"..."
                ),
            ),
            (
                "o b [45/Nov/2026:00:00:38 +0000] 192.0.2.7 - ID REST.GET.OBJECT a",
                format!(
                    "byte 5: expected {time}, found \"[45/Nov/2026:00:00:38 +0000] 192.0.2.7 -\"..."
                ),
            ),
            (
                "o b [06/Feb/2026:00:00:38 +0000] 192.0.2.7",
                "byte 34: expected the remote IP, found \"192.0.2.7\"".to_owned(),
            ),
            (
                "o b [06/Feb/2026:00:00:38 +0000] 192.0.2.7 \x1b[2J\u{e9} x",
                format!("byte 44: expected {operation}, found \"\\x1b[2J\\xc3\\xa9 x\""),
            ),
        ] {
            assert_eq!(
                parse(line.as_bytes()).unwrap_err().to_string(),
                message,
                "{line}"
            );
        }
    }
}
