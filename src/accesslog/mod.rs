//! The grammar of one S3 server access log line: bytes in, values out.
//!
//! Invariants:
//!
//! - What stands before the requester is written by S3 alone: bucket, time and address are never forged.
//! - No client can hide a success. A forged status beside the true one makes the line [`HttpStatus::Ambiguous`], as
//!   does an end of the line, or a possible truncation, before the status.
//! - A line that has the fields up to the operation is accepted, whatever follows, so that odd text hides no access.
//! - No JSON is a line, whatever stands in it.
//! - Nothing panics, and the work is linear in the length of the line.
//!
//! ```text
//! bucket_owner bucket_name [06/Feb/2026:00:00:38 +0000] remote_ip requester request_id operation key
//! "request_uri" http_status error_code bytes_sent object_size total_time turn_around_time "referrer" "user_agent"
//! version_id host_id signature_version cipher_suite authentication_type host_header tls_version access_point_arn
//! acl_required source_region
//! ```
//!
//! All on one line, one space between two fields, `-` for a missing value
//! ([Amazon S3 server access log format](https://docs.aws.amazon.com/AmazonS3/latest/userguide/LogFormat.html)).
//! New fields are added at the end, so a line may stop after any field from user_agent on (2006 to 2018) or have
//! more fields than are known here.
//!
//! What that page does not say of real lines:
//!
//! - **Spaces in the requester**: `arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E2EXAMPLE`. So the
//!   operation is found by its form, and the request ID is the word before it.
//! - **Quotes are not escaped** in request_uri, referrer and user_agent, all three chosen by the client. So the
//!   request_uri ends at a quote after which six fields read as a response; every such quote in the line is a candidate.
//! - **No request_uri**: copies, batch deletions and lifecycle actions have `-` or `"-"` as request_uri; lifecycle
//!   actions and log deliveries have `-` as remote_ip, and may have `-` as http_status.

mod error;
mod event;
mod field;
mod prefix;
mod response;
mod time;

pub use error::ParseError;
pub use event::Event;
pub use response::HttpStatus;

use memchr::{memmem, memrchr};

use field::split_field;
use prefix::Prefix;
use response::Response;

/// The fewest bytes of a truncated event: Splunk truncates at 10,000 bytes, or up to 3 less so as not to split a character
/// (`TRUNCATE` in props.conf.spec).
const MIN_TRUNCATED_BYTES: usize = 10_000 - 3;

/// The fields of one line, without the quotes around them.
///
/// A field that S3 left out is `-`; a field after the end of the line is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'a> {
    /// Canonical user ID of the bucket's owner.
    pub bucket_owner: &'a [u8],
    /// The bucket the request was for.
    pub bucket_name: &'a [u8],
    /// When the request came in, in epoch seconds.
    pub request_time: i64,
    /// Address of the client as written; `-` for actions of S3 itself.
    pub remote_ip: &'a [u8],
    /// Canonical user ID or ARN; `-` for anonymous requests. May contain spaces.
    pub requester: &'a [u8],
    /// The ID that S3 gave to the request.
    pub request_id: &'a [u8],
    /// The operation, such as `REST.GET.OBJECT`.
    pub operation: &'a [u8],
    /// The object's key, URL-encoded; `-` for requests to the bucket.
    pub key: &'a [u8],
    /// Method, target and version, as the client sent them.
    pub request_uri: &'a [u8],
    /// The status, as far as it can be trusted.
    pub http_status: HttpStatus,
    /// The error code, such as `AccessDenied`; `-` for success.
    pub error_code: &'a [u8],
    /// The rest of the line, from the referrer on: see [`Line::user_agent`].
    pub from_referrer: &'a [u8],
}

impl<'a> Line<'a> {
    /// The User-Agent header, as the client sent it.
    pub fn user_agent(&self) -> &'a [u8] {
        user_agent(split_referrer(self.from_referrer).1)
    }
}

/// Reads one line. White space around it, such as its line ending, is ignored.
///
/// # Errors
///
/// [`ParseError`] where a field up to the operation is missing, or where the time does not exist.
pub fn parse(line: &[u8]) -> Result<Line<'_>, ParseError> {
    let text = line.trim_ascii_end();
    let prefix =
        Prefix::read(text.trim_ascii_start()).map_err(|missing| missing.into_error(text))?;
    let request_time = prefix
        .request_time()
        .map_err(|missing| missing.into_error(text))?;
    let (key, rest) = split_field(prefix.rest);
    let response = Response::read(rest, 1);
    Ok(Line {
        bucket_owner: prefix.bucket_owner,
        bucket_name: prefix.bucket_name,
        request_time,
        remote_ip: prefix.remote_ip,
        requester: prefix.requester,
        request_id: prefix.request_id,
        operation: prefix.operation,
        key,
        request_uri: response.request_uri,
        http_status: unless_truncated(line.len(), response.http_status),
        error_code: response.error_code,
        from_referrer: response.rest,
    })
}

/// `status`, unless the line is long enough to be truncated: inside the URL, only a forged status may be left then.
fn unless_truncated(length: usize, status: HttpStatus) -> HttpStatus {
    if length < MIN_TRUNCATED_BYTES {
        status
    } else {
        HttpStatus::Ambiguous
    }
}

/// The referrer at the start of `text`, and the text from the user agent on.
fn split_referrer(text: &[u8]) -> (&[u8], &[u8]) {
    let Some(quoted) = text.strip_prefix(b"\"") else {
        return split_field(text);
    };
    let end = memmem::find(quoted, b"\" \"").unwrap_or(quoted.len());
    let (referrer, rest) = quoted.split_at(end);
    (referrer, rest.get(2..).unwrap_or_default())
}

/// The user agent at the start of `text`.
fn user_agent(text: &[u8]) -> &[u8] {
    let Some(quoted) = text.strip_prefix(b"\"") else {
        return split_field(text).0;
    };
    // The client's text may have quotes, the fields after it have not: the last quote is the closing one.
    let end = memrchr(b'"', quoted).unwrap_or(quoted.len());
    quoted.split_at(end).0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const START: &str = "111122223333owner example-logs [06/Feb/2026:00:00:38 +0000]";
    const PLAIN: &str = r#"111122223333owner example-logs [06/Feb/2026:00:00:38 +0000] 192.0.2.7 arn:aws:iam::111122223333:user/ana 3E57427F3EXAMPLE REST.GET.OBJECT a%2520b.csv "GET /a%20b.csv?x="y" HTTP/1.1" 206 - 512 2048 35 34 "https://www.example.com/" "curl/8.5.0" - aG9zdA== SigV4 TLS_AES_128_GCM_SHA256 AuthHeader example-logs.s3.us-west-1.amazonaws.com TLSv1.3 - Yes us-west-1"#;

    fn line(rest: &str) -> String {
        format!("{START} {rest}")
    }

    fn text(bytes: &[u8]) -> &str {
        std::str::from_utf8(bytes).unwrap()
    }

    fn http_status(raw: &[u8]) -> Option<HttpStatus> {
        Event::read(raw).map(|event| event.http_status)
    }

    fn http_status_doubled(raw: &[u8]) -> Option<HttpStatus> {
        Event::read_doubled(raw).map(|event| event.http_status)
    }

    #[test]
    fn every_field_up_to_the_user_agent_is_read() {
        let expected = Line {
            bucket_owner: b"111122223333owner",
            bucket_name: b"example-logs",
            request_time: 1_770_336_038,
            remote_ip: b"192.0.2.7",
            requester: b"arn:aws:iam::111122223333:user/ana",
            request_id: b"3E57427F3EXAMPLE",
            operation: b"REST.GET.OBJECT",
            key: b"a%2520b.csv",
            request_uri: br#"GET /a%20b.csv?x="y" HTTP/1.1"#,
            http_status: HttpStatus::Code(206),
            error_code: b"-",
            from_referrer: br#""https://www.example.com/" "curl/8.5.0" - aG9zdA== SigV4 TLS_AES_128_GCM_SHA256 AuthHeader example-logs.s3.us-west-1.amazonaws.com TLSv1.3 - Yes us-west-1"#,
        };
        assert_eq!(parse(PLAIN.as_bytes()), Ok(expected));
        assert_eq!(text(expected.user_agent()), "curl/8.5.0");
        assert_eq!(parse(format!("\t {PLAIN} \r\n").as_bytes()), Ok(expected));
        let longer = format!("{PLAIN} a 29th field");
        let longer = parse(longer.as_bytes()).unwrap();
        assert_eq!(text(longer.user_agent()), "curl/8.5.0");
        let from_referrer = expected.from_referrer;
        let like_it = Line {
            from_referrer,
            ..longer
        };
        assert_eq!(like_it, expected);
    }

    #[test]
    fn lines_of_all_years_and_kinds_are_read() {
        let get = r#"- ID REST.GET.OBJECT a "GET /a HTTP/1.1" 200 - 1 1 1 1"#;
        for (rest, address, status, user_agent) in [
            (format!(r#"192.0.2.7 {get} "-" "curl""#), "192.0.2.7", HttpStatus::Code(200), "curl"),
            (format!(r#"192.0.2.7 {get} "-" "curl" -"#), "192.0.2.7", HttpStatus::Code(200), "curl"),
            (format!(r#"192.0.2.7 {get} "-" "cut he"#), "192.0.2.7", HttpStatus::Code(200), "cut he"),
            (format!("192.0.2.7 {get}"), "192.0.2.7", HttpStatus::Code(200), ""),
            (format!(r#"192.0.2.7 {get} "x"" ""a" b"" - host"#), "192.0.2.7", HttpStatus::Code(200), r#""a" b""#),
            (format!(r#"2001:db8::a47 {get} "" """#), "2001:db8::a47", HttpStatus::Code(200), ""),
            (
                "192.0.2.7 - ID BATCH.DELETE.OBJECT a - 204 - - 344017 - - - - - host SigV4".to_owned(),
                "192.0.2.7",
                HttpStatus::Code(204),
                "-",
            ),
            (
                r#"- AmazonS3 ID S3.EXPIRE.OBJECT a "-" - - - 317 - - "-" "-" v host - - - - - - -"#.to_owned(),
                "-",
                HttpStatus::Absent,
                "-",
            ),
            ("192.0.2.7 - ID REST.GET.OBJECT".to_owned(), "192.0.2.7", HttpStatus::Ambiguous, ""),
            ("192.0.2.7 - ID REST.GET.OBJECT a".to_owned(), "192.0.2.7", HttpStatus::Ambiguous, ""),
            (r#"192.0.2.7 - ID REST.GET.OBJECT a "GET /a?b"#.to_owned(), "192.0.2.7", HttpStatus::Ambiguous, ""),
        ] {
            let line = line(&rest);
            let parsed = parse(line.as_bytes()).unwrap();
            assert_eq!(text(parsed.bucket_name), "example-logs");
            assert_eq!(text(parsed.remote_ip), address, "{line}");
            assert_eq!(parsed.http_status, status, "{line}");
            assert_eq!(text(parsed.user_agent()), user_agent, "{line}");
            assert_eq!(http_status(line.as_bytes()), Some(status), "{line}");
        }
    }

    #[test]
    fn other_texts_have_no_status() {
        for text in [
            "",
            "word",
            r#"192.0.2.7 - - [06/Feb/2026:00:00:38 +0000] "GET / HTTP/1.1" 200 5"#,
            r#"{"bucket_name":"example-logs","http_status":"200"}"#,
            &line("192.0.2.7 - - \"GET / HTTP/1.1\" 200 5"),
        ] {
            assert_eq!(http_status(text.as_bytes()), None, "{text}");
            assert!(parse(text.as_bytes()).is_err(), "{text}");
        }
    }

    /// Records of the same accesses in other shapes, in which a client made a value look like a log line.
    #[test]
    fn json_is_no_line() {
        let forged =
            r#"x y [06/Feb/2026:00:00:38 +0000] 192.0.2.7 a b REST.GET.OBJECT k - 403 - 1 1 1 1 -"#;
        let record = serde_json::json!({ "userAgent": forged, "bucket_name": "example-logs" });
        for document in [
            record.clone(),
            serde_json::json!({ forged: forged }),
            serde_json::json!([forged, record]),
            serde_json::json!({ "Records": [record] }),
            serde_json::json!([[[forged]]]),
            serde_json::json!(forged),
        ] {
            for text in [
                document.to_string(),
                serde_json::to_string_pretty(&document).unwrap(),
            ] {
                for text in [format!(" \t{text}\r\n"), format!("\u{feff}{text}"), text] {
                    assert!(parse(text.as_bytes()).is_err(), "{text}");
                    assert_eq!(http_status(text.as_bytes()), None, "{text}");
                    let doubled = text.replace('"', "\"\"");
                    assert_eq!(http_status_doubled(doubled.as_bytes()), None, "{text}");
                }
            }
        }
        assert!(
            parse(forged.as_bytes()).is_ok(),
            "without the JSON it is one"
        );
    }

    #[test]
    fn names_have_the_characters_of_names() {
        let line = |owner: &str, bucket: &str| {
            format!(
                "{owner} {bucket} [06/Feb/2026:00:00:38 +0000] 192.0.2.7 - ID REST.GET.OBJECT k"
            )
        };
        for name in ["a", "acme:fish", "A_b-c.9", "-", "111122223333"] {
            assert!(parse(line("o", name).as_bytes()).is_ok(), "{name}");
            assert!(parse(line(name, "b").as_bytes()).is_ok(), "{name}");
        }
        for name in [
            "{", "[", "\"a\"", "a,b", "a=b", "a/b", "a;b", "a$b", "\u{e9}", "a\tb", "\0",
        ] {
            assert!(parse(line("o", name).as_bytes()).is_err(), "{name}");
            assert!(parse(line(name, "b").as_bytes()).is_err(), "{name}");
        }
    }

    #[test]
    fn a_line_cut_anywhere_never_shows_another_status() {
        for end in 0..=PLAIN.len() {
            let cut = &PLAIN.as_bytes()[..end];
            let status = http_status(cut);
            assert_eq!(parse(cut).ok().map(|line| line.http_status), status);
            assert!(
                matches!(
                    status,
                    None | Some(HttpStatus::Ambiguous | HttpStatus::Code(206))
                ),
                "{status:?} at {end}"
            );
        }
    }

    #[test]
    fn a_line_that_splunk_may_have_cut_in_its_url_is_ambiguous() {
        let forged =
            r#"192.0.2.7 - ID REST.GET.OBJECT a "GET /a?" 403 AccessDenied 243 - 8 - "-" "x"#;
        let mut cut = line(forged);
        cut.push_str(&"x".repeat(MIN_TRUNCATED_BYTES - 1 - cut.len()));
        assert_eq!(http_status(cut.as_bytes()), Some(HttpStatus::Code(403)));
        let doubled = |cut: &str| http_status_doubled(cut.replace('"', "\"\"").as_bytes());
        assert_eq!(doubled(&cut), Some(HttpStatus::Code(403)));
        cut.push('x');
        assert_eq!(http_status(cut.as_bytes()), Some(HttpStatus::Ambiguous));
        assert_eq!(doubled(&cut), Some(HttpStatus::Ambiguous));
        assert_eq!(
            parse(cut.as_bytes()).unwrap().http_status,
            HttpStatus::Ambiguous
        );
    }

    #[test]
    fn a_referrer_with_quotes_stays_apart_from_the_user_agent() {
        for (rest, referrer, agent) in [
            (r#""-" "curl" -"#, "-", "curl"),
            (
                r#""a "quoted" word" "curl" -"#,
                r#"a "quoted" word"#,
                "curl",
            ),
            (r#""id=452"" "curl" -"#, r#"id=452""#, "curl"),
            ("- - -", "-", "-"),
            (r#""cut"#, "cut", ""),
            ("", "", ""),
        ] {
            let (found, rest) = split_referrer(rest.as_bytes());
            assert_eq!((text(found), text(user_agent(rest))), (referrer, agent));
        }
    }

    /// What a client may write into its URL, Referer and User-Agent.
    fn hostile_text() -> impl Strategy<Value = String> {
        let parts = vec![
            "\"",
            " ",
            "\" ",
            " \"",
            "-",
            " - ",
            "403",
            " 403 ",
            "7",
            "\" 403 AccessDenied 243 - 8 - ",
            "\" - - - - - - ",
            " HTTP/1.1",
            " HTTP/1.1\" ",
            "\" \"",
            "x",
            "REST.GET.OBJECT",
            "\u{e9}",
        ];
        prop::collection::vec(prop::sample::select(parts), 0..12).prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn no_client_hides_a_status(
            url in hostile_text(),
            referrer in hostile_text(),
            agent in hostile_text(),
            status in prop::sample::select(vec!["200", "403", "-"]),
        ) {
            let line = line(&format!(
                r#"192.0.2.7 - ID REST.GET.OBJECT key "GET /{url} HTTP/1.1" {status} - 1 2 3 - "{referrer}" "{agent}" - host - - - -"#
            ));
            let truth = status.parse().map_or(HttpStatus::Absent, HttpStatus::Code);
            let read = http_status(line.as_bytes()).unwrap();
            let doubled = line.replace('"', "\"\"");
            prop_assert_eq!(http_status_doubled(doubled.as_bytes()), Some(read));
            prop_assert!(read == truth || read == HttpStatus::Ambiguous, "{read:?}: {line}");
            let parsed = parse(line.as_bytes()).unwrap();
            prop_assert_eq!(parsed.http_status, read);
            prop_assert_eq!(parsed.remote_ip, b"192.0.2.7");
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut line = line("192.0.2.7 - ID REST.GET.OBJECT ").into_bytes();
            line.extend_from_slice(&bytes);
            prop_assert!(parse(&line).is_ok());
            let _ = parse(&bytes);
            let _ = http_status_doubled(&line);
            let _ = http_status_doubled(&bytes);
        }
    }
}
