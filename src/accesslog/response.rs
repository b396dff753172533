//! Where the request URI ends and the response begins: the part of the grammar that a client can make ambiguous.
//!
//! ```text
//! "GET /a?x=" HTTP/1.1" 206 - 512 171408 53 52 "referrer" "user_agent"
//!           ^         ^     the second quote is followed by a response:
//!
//! http_status   error_code   bytes_sent   object_size   total_time   turn_around_time
//! 3 digits, -   a word       number, -    number, -     number, -    number, number and "ms", -
//! ```
//!
//! The `ms` is Ceph's.
//!
//! A client that writes such a text into its URL, Referer or User-Agent adds a candidate, but cannot remove the true one.
//! So all candidates are read, and their statuses must agree.
//!
//! One kind of candidate is not a forgery: after the user agent of an unversioned, unsigned request comes
//! `- host_id - - - -`. A status `-` therefore counts only where a request URI evidently ends.

use fearless_simd::prelude::*;
use fearless_simd::{Level, dispatch};
use memchr::memchr;

use super::field::split_field;
use crate::text::blocks::{BLOCK_BYTES, blocks, byte_masks, set_bits};

/// The HTTP status of a request, as far as its line can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HttpStatus {
    /// Three digits.
    Code(u16),
    /// `-`: an action of S3 itself, or one without a status.
    Absent,
    /// The line can be read with more than one status, or has no status: it may be a success.
    Ambiguous,
}

/// A candidate: a request URI and the response after it.
pub(super) struct Response<'a> {
    pub(super) request_uri: &'a [u8],
    pub(super) http_status: HttpStatus,
    pub(super) error_code: &'a [u8],
    /// The line after the response: from the referrer on.
    pub(super) rest: &'a [u8],
}

impl<'a> Response<'a> {
    const UNKNOWN: Self = Self {
        request_uri: b"",
        http_status: HttpStatus::Ambiguous,
        error_code: b"",
        rest: b"",
    };

    /// Reads the rest of a line from the request URI on, in which each quote is written as `quote_bytes` quotes.
    pub(super) fn read(text: &'a [u8], quote_bytes: usize) -> Self {
        let bare = text.strip_prefix(b"-");
        let mut found = bare.and_then(|rest| Self::after_uri(b"-", rest));
        let start = memchr(b'"', text).map_or(text.len(), |opening| opening + quote_bytes);
        let quoted = text.get(start..).unwrap_or_default();
        let visit = |space: usize| {
            let candidate = || {
                let request_uri = quoted.get(..space.checked_sub(quote_bytes)?)?;
                Self::after_uri(request_uri, quoted.get(space..)?)
            };
            if let Some(candidate) = candidate() {
                found = Some(match found.take() {
                    Some(before) => before.merge(candidate),
                    None => candidate,
                });
            }
        };
        dispatch!(Level::new(), simd => visit_spaces_after_quotes(simd, quoted, visit));
        found.unwrap_or(Self::UNKNOWN)
    }

    /// Reads `text`, which follows the closing quote of `request_uri`, as a response.
    fn after_uri(request_uri: &'a [u8], text: &'a [u8]) -> Option<Self> {
        let (http_status, rest) = split_status(text)?;
        let (error_code, mut rest) = split_field(rest);
        // bytes_sent, object_size, total_time
        for _ in 0..3 {
            rest = after_number(rest)?;
        }
        // turn_around_time
        let rest = after_number(rest).or_else(|| after_milliseconds(rest))?;
        Some(Self {
            request_uri,
            http_status,
            error_code,
            rest,
        })
    }

    /// Merges two candidates: the fields of the first one that is evident, and the status on which both agree.
    fn merge(self, other: Self) -> Self {
        let http_status = match (self.counted_status(), other.counted_status()) {
            (Some(one), Some(two)) if one != two => HttpStatus::Ambiguous,
            (Some(status), _) | (None, Some(status)) => status,
            (None, None) => HttpStatus::Absent,
        };
        let fields = if other.is_evident() && !self.is_evident() {
            other
        } else {
            self
        };
        Self {
            http_status,
            ..fields
        }
    }

    fn counted_status(&self) -> Option<HttpStatus> {
        (self.http_status != HttpStatus::Absent || self.is_evident()).then_some(self.http_status)
    }

    /// Whether the request URI ends as S3 ends it: with the protocol, or as `-` where there is no request URI.
    fn is_evident(&self) -> bool {
        let protocol = |(uri, version): (&[u8], &[u8; 3])| {
            uri.ends_with(b" HTTP/") && matches!(version, [b'0'..=b'9', b'.', b'0'..=b'9'])
        };
        self.request_uri == b"-" || self.request_uri.split_last_chunk().is_some_and(protocol)
    }
}

/// Calls `visit` with the position of each space that follows a quote, in ascending order.
#[inline(always)]
fn visit_spaces_after_quotes<S: Simd>(simd: S, text: &[u8], mut visit: impl FnMut(usize)) {
    let (mut at, mut after_quote) = (0, 0);
    for block in blocks(text) {
        let equal = byte_masks(simd, block);
        let quotes = equal(b'"');
        for bit in set_bits((quotes << 1 | after_quote) & equal(b' ')) {
            visit(at + bit);
        }
        after_quote = quotes >> (BLOCK_BYTES - 1);
        at += BLOCK_BYTES;
    }
}

/// The status between two spaces at the start of `text`, and the text after them.
fn split_status(text: &[u8]) -> Option<(HttpStatus, &[u8])> {
    let text = text.strip_prefix(b" ")?;
    if let Some(rest) = text.strip_prefix(b"- ") {
        return Some((HttpStatus::Absent, rest));
    }
    let (digits, rest) = text.split_first_chunk::<3>()?;
    let code = digits.iter().try_fold(0, |code, &digit| {
        let is_digit = digit.is_ascii_digit();
        is_digit.then(|| code * 10 + u16::from(digit - b'0'))
    })?;
    Some((HttpStatus::Code(code), rest.strip_prefix(b" ")?))
}

/// The text after the number and `ms` at its start, and after the space that follows, if any.
fn after_milliseconds(text: &[u8]) -> Option<&[u8]> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let rest = text.get(digits..)?.strip_prefix(b"ms")?;
    let ends = digits > 0 && (rest.is_empty() || rest.starts_with(b" "));
    ends.then(|| rest.strip_prefix(b" ").unwrap_or(rest))
}

/// The text after the number or `-` at its start, and after the space that follows, if any.
fn after_number(text: &[u8]) -> Option<&[u8]> {
    let rest = match text {
        [b'-', rest @ ..] => rest,
        [b'0'..=b'9', rest @ ..] => {
            let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
            rest.get(digits..)?
        }
        _ => return None,
    };
    match rest {
        [b' ', rest @ ..] | rest @ [] => Some(rest),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::HttpStatus::{Absent, Ambiguous, Code};
    use super::*;

    fn read(text: &str) -> (HttpStatus, &str) {
        let response = Response::read(text.as_bytes(), 1);
        let request_uri = std::str::from_utf8(response.request_uri).unwrap();
        (response.http_status, request_uri)
    }

    #[test]
    fn the_status_stands_behind_the_request_uri() {
        for (text, status, request_uri) in [
            (
                r#""GET /a HTTP/1.1" 200 - 1 2 3 4 "-" "curl" -"#,
                Code(200),
                "GET /a HTTP/1.1",
            ),
            (
                r#""GET /a HTTP/1.1" 403 AccessDenied 243 - 8 - "-" "curl" -"#,
                Code(403),
                "GET /a HTTP/1.1",
            ),
            (
                r#""PUT /a HTTP/1.1" - - - 773 103 13 "-" "-" -"#,
                Absent,
                "PUT /a HTTP/1.1",
            ),
            (
                r#""GET /a HTTP/1.1" 304 - - 1 2 -"#,
                Code(304),
                "GET /a HTTP/1.1",
            ),
            (
                r#""OPTIONS * HTTP/1.0" 200 - - 1 2 - "-" "-""#,
                Code(200),
                "OPTIONS * HTTP/1.0",
            ),
            (r#""" 400 BadRequest 1 - 1 - "-" "-""#, Code(400), ""),
            // As Ceph writes it.
            (
                r#""GET /a HTTP/1.1" 403 AccessDenied - - - 12ms - "curl" -"#,
                Code(403),
                "GET /a HTTP/1.1",
            ),
        ] {
            assert_eq!(read(text), (status, request_uri), "{text}");
        }
    }

    #[test]
    fn a_request_without_uri_has_a_dash_with_or_without_quotes() {
        for (text, status) in [
            ("- 204 - - 344017 - - - - - host_id SigV4", Code(204)),
            ("- 200 - - 150260968 - - - - -", Code(200)),
            (
                r#""-" - - - 317 - - "-" "-" version host_id - - - -"#,
                Absent,
            ),
            (
                r#""-" - - - 317 - - "-" "-" - host_id - - - - - - -"#,
                Absent,
            ),
        ] {
            assert_eq!(read(text), (status, "-"), "{text}");
        }
    }

    #[test]
    fn quotes_in_the_texts_of_the_client_change_nothing() {
        for (text, status, request_uri) in [
            (
                r#""GET /" HTTP/1.1" 403 AccessDenied 243 - 8 - "a b" "curl""#,
                Code(403),
                r#"GET /" HTTP/1.1"#,
            ),
            (
                r#""GET /?n="a.csv"&x HTTP/1.1" 200 - 1 1 1 1 "-" "curl" -"#,
                Code(200),
                r#"GET /?n="a.csv"&x HTTP/1.1"#,
            ),
            (
                r#""GET /a HTTP/1.1" 206 - 1 1 1 1 "x"" ""y" z"" - host_id"#,
                Code(206),
                "GET /a HTTP/1.1",
            ),
            (
                r#""GET /a HTTP/1.1" 200 - 1 1 1 1 "-" "" 403 AccessDenied" -"#,
                Code(200),
                "GET /a HTTP/1.1",
            ),
        ] {
            assert_eq!(read(text), (status, request_uri), "{text}");
        }
    }

    #[test]
    fn a_forged_response_makes_the_status_ambiguous_wherever_it_stands() {
        for text in [
            r#""GET /a?" 403 AccessDenied 243 - 8 - "-" HTTP/1.1" 200 - 1 1 1 1 "-" "curl" -"#,
            r#""GET /a HTTP/1.1" 200 - 1 1 1 1 "" 403 AccessDenied 243 - 8 - " "curl" -"#,
            r#""GET /a HTTP/1.1" 200 - 1 1 1 1 "-" "curl" 403 AccessDenied 243 - 8 -"#,
            r#""GET /a HTTP/1.1" - - - 773 103 13 "-" "" 403 - 1 1 1 1 " -"#,
            r#"- 204 - - 344017 - - "-" "x" 403 - 1 1 1 1 " -"#,
            r#"- - - - 344017 - - "-" "x" 403 - 1 1 1 1 " -"#,
            r#""-" - - - 344017 - - "-" "x" 403 - 1 1 1 1 " -"#,
        ] {
            assert_eq!(read(text).0, Ambiguous, "{text}");
        }
    }

    #[test]
    fn the_request_uri_ends_at_the_first_candidate_behind_a_protocol_else_at_the_first() {
        for (text, request_uri) in [
            (
                r#""GET /a?" 403 A 1 - 1 - HTTP/1.1" 200 - 1 1 1 1 "x HTTP/1.1" 404 - - - - -"#,
                r#"GET /a?" 403 A 1 - 1 - HTTP/1.1"#,
            ),
            (r#""GET /a" 403 A 1 - 1 - "" 200 - 1 1 1 1"#, "GET /a"),
            (r#""GET /a" 200 - 1 1 1 1 "" 200 - 1 1 1 1"#, "GET /a"),
        ] {
            assert_eq!(read(text).1, request_uri, "{text}");
        }
    }

    #[test]
    fn responses_are_found_wherever_they_stand() {
        for length in 0..3 * BLOCK_BYTES {
            let uri = format!("GET /{} HTTP/1.1", "x".repeat(length));
            let line = format!(r#""{uri}" 200 - 1 2 3 4 "-" "curl" 404"#);
            assert_eq!(read(&line), (Code(200), uri.as_str()));
            assert_eq!(read(&format!("{line} - 1 2 3 4")).0, Ambiguous, "{length}");
        }
    }

    #[test]
    fn every_processor_finds_the_same_spaces() {
        for length in 0..3 * BLOCK_BYTES {
            let text = [b"x".repeat(length).as_slice(), b"\" \"\"  \"x \" "].concat();
            for level in [Level::new(), Level::baseline()] {
                let mut found = Vec::new();
                let visit = |space| found.push(space - length);
                dispatch!(level, simd => visit_spaces_after_quotes(simd, &text, visit));
                assert_eq!(found, [1, 4, 10], "{length}");
            }
        }
    }

    #[test]
    fn responses_that_agree_are_not_ambiguous() {
        let text = r#""GET /a" 200 - 1 1 1 1 " HTTP/1.1" 200 - 2 2 2 2 "-" "-""#;
        assert_eq!(read(text).0, Code(200));
    }

    #[test]
    fn a_dash_behind_the_user_agent_is_no_status() {
        let text = r#""GET /a HTTP/1.0" 200 - 1 1 1 1 "-" "-" - host_id - - - - - - -"#;
        assert_eq!(read(text).0, Code(200));
    }

    #[test]
    fn a_line_without_a_whole_response_is_ambiguous() {
        for text in [
            "",
            "-",
            "- 204 - - 1",
            r#""GET /a"#,
            r#""GET /a HTTP/1.1""#,
            r#""GET /a HTTP/1.1" 200"#,
            r#""GET /a HTTP/1.1" 200 - 1 1 1"#,
            r#""GET /a HTTP/1.1" 200 - 1 1 1 "#,
            r#""GET /a HTTP/1.1" 2000 - 1 1 1 1"#,
            r#""GET /a HTTP/1.1" ok - 1 1 1 1"#,
            r#""GET /a HTTP/1.1" 200 - 1 1x 1 1"#,
            r#""GET /a HTTP/1.1" 200 - 1 1 1ms 1"#,
            r#""GET /a HTTP/1.1" 200 - 1 1 1 ms"#,
            r#""GET /a HTTP/1.1" 200 - 1 1 1 -ms"#,
            r#""GET /a HTTP/1.1" 200 - 1 1 1 1msx"#,
            r#""GET /a HTTP/1.1"  200 - 1 1 1 1"#,
        ] {
            assert_eq!(read(text), (Ambiguous, ""), "{text}");
        }
    }
}
