//! What a search decides by, out of the `_raw` of an event.

use memchr::{memchr_iter, memrchr};

use super::field::split_field;
use super::prefix::Prefix;
use super::response::{HttpStatus, Response};
use super::{MIN_TRUNCATED_BYTES, unless_truncated};

/// The authentication type of a request that a presigned link made.
const PRESIGNED: &[u8] = b"QueryString";

/// How many fields the authentication type stands behind the user agent.
const AUTHENTICATION_TYPE: usize = 5;

/// An access log line in the `_raw` of an event. Its fields are slices of that text: where it came with doubled quotes,
/// so do they.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event<'a> {
    /// The bucket the request was for; it never has a quote.
    pub bucket_name: &'a [u8],
    /// Address of the client as written; `-` for what S3 does by itself.
    pub remote_ip: &'a [u8],
    /// Canonical user ID or ARN; `-` for anonymous requests. May contain spaces.
    pub requester: &'a [u8],
    /// Such as `REST.GET.OBJECT`; it never has a quote.
    pub operation: &'a [u8],
    /// The status, as far as it can be trusted.
    pub http_status: HttpStatus,
    /// The line from the key on; `None` where its end may have been cut off.
    from_key: Option<&'a [u8]>,
}

impl<'a> Event<'a> {
    /// Reads a `_raw`; white space around the line is ignored. `None` where it is no access log line.
    ///
    /// The same answers as [`super::parse`] gives, without reading the other fields or asking the calendar whether the
    /// time exists.
    pub fn read(raw: &'a [u8]) -> Option<Self> {
        Self::read_quoted(raw, 1)
    }

    /// The same for a `_raw` whose quotes are doubled, as they are in a quoted CSV cell: it need not be decoded.
    pub fn read_doubled(raw: &'a [u8]) -> Option<Self> {
        Self::read_quoted(raw, 2)
    }

    /// The same for a `_raw` in which each quote stands as so many.
    #[inline]
    fn read_quoted(raw: &'a [u8], quote: usize) -> Option<Self> {
        let line = raw.trim_ascii();
        let prefix = Prefix::read(line).ok()?;
        let (_key, rest) = split_field(prefix.rest);
        let length = length(raw, quote);
        let whole = length < MIN_TRUNCATED_BYTES;
        Some(Self {
            bucket_name: prefix.bucket_name,
            remote_ip: prefix.remote_ip,
            requester: prefix.requester,
            operation: prefix.operation,
            http_status: unless_truncated(length, Response::read(rest, quote).http_status),
            from_key: whole.then_some(prefix.rest),
        })
    }

    /// Whether a presigned link made the request.
    ///
    /// S3 writes that behind all that a client chooses, so the line is read from its end: a user agent or a URL that
    /// says so is not believed, nor is a line that may have been cut.
    pub fn is_presigned(&self) -> bool {
        self.authentication_type() == Some(PRESIGNED)
    }

    /// The field with that name; `None` where the line has none, or is not whole.
    fn authentication_type(&self) -> Option<&'a [u8]> {
        let from_key = self.from_key?;
        let (_, behind) = from_key.split_at_checked(memrchr(b'"', from_key)? + 1)?;
        let mut rest = behind.strip_prefix(b" ")?;
        for _ in 1..AUTHENTICATION_TYPE {
            rest = split_field(rest).1;
        }
        Some(split_field(rest).0).filter(|field| !field.is_empty())
    }
}

/// The bytes of the text that `raw` stands for, exactly only where there may be as many as Splunk leaves of a long one.
fn length(raw: &[u8], quote: usize) -> usize {
    let written = raw.len();
    if quote == 1 || written < MIN_TRUNCATED_BYTES {
        written
    } else {
        written - memchr_iter(b'"', raw).count() / 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: &str = "owner example-logs [06/Feb/2026:00:00:38 +0000] 192.0.2.7 arn:aws:iam::111122223333:user/ana ID REST.GET.OBJECT k";

    /// Reads a line in both of its forms, and checks that they say the same.
    fn presigned(line: &str) -> bool {
        let doubled = line.replace('"', "\"\"");
        let plain = Event::read(line.as_bytes()).unwrap();
        let from_doubled = Event::read_doubled(doubled.as_bytes()).unwrap();
        assert_eq!(plain.is_presigned(), from_doubled.is_presigned(), "{line}");
        assert_eq!(plain.operation, from_doubled.operation);
        assert_eq!(plain.requester, from_doubled.requester);
        plain.is_presigned()
    }

    #[test]
    fn what_a_search_decides_by_stands_before_the_texts_of_the_client() {
        let line = format!(
            r#"{START} "GET /a HTTP/1.1" 206 - 1 2 3 4 "-" "curl" - host SigV4 c AuthHeader h t - -"#
        );
        let event = Event::read(line.as_bytes()).unwrap();
        assert_eq!(event.bucket_name, b"example-logs");
        assert_eq!(event.remote_ip, b"192.0.2.7");
        assert_eq!(event.requester, b"arn:aws:iam::111122223333:user/ana");
        assert_eq!(event.operation, b"REST.GET.OBJECT");
        assert_eq!(event.http_status, HttpStatus::Code(206));
        assert!(!event.is_presigned());
    }

    #[test]
    fn a_quote_in_a_requester_is_doubled_with_the_others() {
        let line = r#"o b [06/Feb/2026:00:00:38 +0000] 192.0.2.7 arn:aws:iam::1:user/a""b/ana ID REST.GET.OBJECT k - 200 - 1 1 1 1"#;
        let event = Event::read_doubled(line.as_bytes()).unwrap();
        assert_eq!(event.requester, br#"arn:aws:iam::1:user/a""b/ana"#);
    }

    #[test]
    fn a_presigned_link_is_known_by_the_end_of_the_line() {
        for (rest, expected) in [
            (
                r#""GET /a HTTP/1.1" 200 - 1 1 1 1 "-" "curl" - host SigV4 c QueryString h TLSv1.3 - - us-west-1"#,
                true,
            ),
            (
                r#""GET /a HTTP/1.1" 200 - 1 1 1 1 "-" "x" y" v host SigV2 - QueryString"#,
                true,
            ),
            (
                r#""GET /a HTTP/1.1" 200 - 1 1 1 1 "-" "-" - host - - QueryString h"#,
                true,
            ),
            (
                r#""GET /a HTTP/1.1" 200 - 1 1 1 1 "-" "curl" - host SigV4 c AuthHeader QueryString t"#,
                false,
            ),
            (
                r#""GET /a HTTP/1.1" 200 - 1 1 1 1 "-" "curl" - host SigV4 c - h TLSv1.3 - -"#,
                false,
            ),
            // Lines of before 2019 have no authentication type.
            (r#""GET /a HTTP/1.1" 200 - 1 1 1 1 "-" "curl" -"#, false),
            (r#""GET /a HTTP/1.1" 200 - 1 1 1 1 "-" "curl""#, false),
            (
                "- 204 - - 344017 - - - - - host SigV4 c QueryString h",
                false,
            ),
            // What a client writes.
            (
                r#""GET /a HTTP/1.1" 200 - 1 1 1 1 "-" "x" - host SigV4 c QueryString h" - host SigV4 c AuthHeader h"#,
                false,
            ),
            (
                r#""GET /a HTTP/1.1" 200 - 1 1 1 1 "-" "x" - host SigV4 c QueryString h" -"#,
                false,
            ),
            (
                r#""GET /a HTTP/1.1" 200 - 1 1 1 1 "-" "x" - host SigV4 c QueryString h""#,
                false,
            ),
            (
                r#""GET /a" - host SigV4 c QueryString h HTTP/1.1" 200 - 1 1 1 1 "-" "-" - host - - - h"#,
                false,
            ),
            (
                r#""GET /a?" 200 - 1 1 1 1 "-" "x" - h SigV4 c QueryString h HTTP/1.1" 200 - 1 1 1 1 - - - host - - - h"#,
                false,
            ),
        ] {
            assert_eq!(presigned(&format!("{START} {rest}")), expected, "{rest}");
        }
    }

    #[test]
    fn a_line_that_splunk_may_have_cut_has_no_authentication_type() {
        let line = |url: usize| {
            let url = "x".repeat(url);
            format!(
                r#"{START} "GET /{url} HTTP/1.1" 200 - 1 1 1 1 "-" "curl" - host SigV4 c QueryString h t - -"#
            )
        };
        let longest = MIN_TRUNCATED_BYTES - 1 - line(0).len();
        assert!(presigned(&line(longest)));
        assert!(!presigned(&line(longest + 1)));
    }
}
