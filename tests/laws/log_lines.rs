//! Random S3 server access log lines, in the shapes that are hard to read.

use super::row::OWNER;
use proptest::{prelude::*, sample::select};

/// Midnight of 14 November 2023 in UTC: all lines are of that day.
pub(crate) const MIDNIGHT: i64 = 1_699_920_000;

/// What makes a line hard to read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Shape {
    Plain,
    /// A quote in the requested URL: the add-on's extraction reads every later field wrong.
    QuoteInTarget,
    /// What follows the quote looks like the rest of a line with status 403.
    Forged,
    /// A CloudFront origin access identity, which is written with spaces.
    SpacesInRequester,
    /// A line of before 2019, without the fields that came later.
    Short,
    /// A line with fields that AWS may add one day.
    Extended,
    /// A batch operation: no request line, in quotes or without.
    NoRequest,
    NoRequestInQuotes,
}

/// One access as a log tells it.
#[derive(Clone, Debug)]
pub(crate) struct LogLine {
    pub(crate) bucket: &'static str,
    pub(crate) address: &'static str,
    pub(crate) second: i64,
    pub(crate) status: &'static str,
    pub(crate) shape: Shape,
}

/// Any line, at any second of the day.
pub(crate) fn log_line() -> impl Strategy<Value = LogLine> {
    let address = select(
        &[
            "192.0.2.1",
            "198.51.100.7",
            "2001:db8::1",
            "2001:DB8:0:0::1",
            "::ffff:192.0.2.1",
            "-",
        ][..],
    );
    let status = select(&["200", "206", "304", "403", "404", "204", "500", "-"][..]);
    let shape = prop_oneof![
        6 => Just(Shape::Plain),
        2 => Just(Shape::QuoteInTarget),
        1 => Just(Shape::Forged),
        1 => Just(Shape::SpacesInRequester),
        1 => Just(Shape::Short),
        1 => Just(Shape::Extended),
        1 => Just(Shape::NoRequest),
        1 => Just(Shape::NoRequestInQuotes),
    ];
    let bucket = select(&["amzn-s3-demo-bucket1", "amzn-s3-demo-logs"][..]);
    let second = prop_oneof![select(&[80_000, 80_001, 79_000][..]), 0..86_400_i64];
    (bucket, address, second, status, shape).prop_map(|(bucket, address, second, status, shape)| {
        LogLine {
            bucket,
            address,
            second,
            status,
            shape,
        }
    })
}

impl LogLine {
    pub(crate) fn requester(&self) -> &'static str {
        match self.shape {
            Shape::SpacesInRequester => {
                "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E2EXAMPLEID"
            }
            _ => "arn:aws:iam::111122223333:user/reader",
        }
    }

    pub(crate) fn operation(&self) -> &'static str {
        match self.shape {
            Shape::NoRequest | Shape::NoRequestInQuotes => "BATCH.DELETE.OBJECT",
            _ => "REST.GET.OBJECT",
        }
    }

    pub(crate) fn user_agent(&self) -> &'static str {
        match self.shape {
            Shape::Forged => "curl/8.5.0 HTTP/1.1\" 200 - 377 377 14 13 \"-\" \"curl/8.5.0",
            _ => "aws-cli/2.13.0",
        }
    }

    /// The request line as it stands in the log, with its quotes where it has them.
    pub(crate) fn request(&self) -> &'static str {
        match self.shape {
            Shape::NoRequest => "-",
            Shape::NoRequestInQuotes => "\"-\"",
            Shape::QuoteInTarget => "\"GET /report.csv?x-a=\" HTTP/1.1\"",
            Shape::Forged => "\"GET /report.csv?x-a=\"",
            _ => "\"GET /report.csv HTTP/1.1\"",
        }
    }

    /// The status as it stands after the request; a forged line claims a failure.
    pub(crate) fn status(&self) -> &'static str {
        if self.shape == Shape::Forged {
            "403"
        } else {
            self.status
        }
    }

    /// The line, without its end.
    pub(crate) fn text(&self) -> String {
        let LogLine {
            bucket,
            address,
            second,
            ..
        } = self;
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        let later = "- s9lzHYrFp76ZVxRcpX9= SigV4 TLS_AES_128_GCM_SHA256 AuthHeader amzn-s3-demo-bucket1.s3.amazonaws.com TLSv1.3 - -";
        let later = match self.shape {
            Shape::Short => "-".to_owned(),
            Shape::Extended => format!("{later} us-east-1 a-later-field 7"),
            _ => later.to_owned(),
        };
        format!(
            "{OWNER} {bucket} [14/Nov/2023:{hour:02}:{minute:02}:{second:02} +0000] {address} {} 3E57427F3EXAMPLE {} \
             report.csv {} {} - 113 113 7 6 \"-\" \"{}\" {later}",
            self.requester(),
            self.operation(),
            self.request(),
            self.status(),
            self.user_agent(),
        )
    }
}
