//! One access: the pair, the time, and every field of a S3 server access log record.
//!
//! Event number `n` of a work load is a pure function of `n`. One in a thousand is from a new pair; three in a
//! hundred were refused (403, 404) and must not count. The fields are those of the log format in their order, under
//! the names the Splunk Add-on for AWS gives them for `aws:s3:accesslogs`.

use crate::pairs::{Draw, NEW, NOW, Pair, mix, pick};
use std::io::{self, Write};

/// The add-on's names of a log record's fields, in the order of the record.
pub(crate) const LOG_FIELDS: [&str; 26] = [
    "bucket_owner",
    "bucket_name",
    "request_time",
    "remote_ip",
    "requester",
    "request_id",
    "operation",
    "key",
    "request_uri",
    "http_status",
    "error_code",
    "bytes_sent",
    "object_size",
    "total_time",
    "turn_around_time",
    "referrer",
    "user_agent",
    "version_id",
    "host_id",
    "signature_version",
    "cipher_suite",
    "authentication_type",
    "host_header",
    "tls_version",
    "access_point_arn",
    "acl_required",
];

const AGENTS: &[&str] = &[
    "aws-cli/2.15.30 Python/3.11.8 exe/x86_64",
    "Boto3/1.34.51 md/Botocore#1.34.51 ua/2.0 os/linux lang/python#3.10.12",
    "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "S3Console/0.4, aws-internal/3",
    "aws-sdk-go/1.44.300 (go1.21.8; linux; amd64)",
];
const FOLDERS: &[&str] = &[
    "year=2026/month=08/day=01",
    "incoming/batch",
    "exports/daily",
    "assets/v3",
    "logs/elb/eu-west-1",
];
const SUFFIXES: &[&str] = &["parquet", "json.gz", "csv", "png", "avro"];

/// What is drawn: how many events of which shape over how many pairs.
#[derive(Clone, Copy)]
pub(crate) struct Load {
    pub(crate) events: u64,
    pub(crate) pairs: u64,
    pub(crate) new_pairs: u64,
    pub(crate) draw: Draw,
}

impl Load {
    /// The event of this number, from 0 (the latest) to `events` (the earliest).
    pub(crate) fn event(&self, number: u64) -> Event {
        let dice = mix(number ^ 0x00de_ce1b_ed00);
        let pair = if number % 1000 == 500 {
            NEW + dice % self.new_pairs.max(1)
        } else {
            self.draw.number(self.pairs, dice)
        };
        let age = 60 + number * 3_510 / self.events.max(1) + dice % 30;
        Event {
            number,
            pair: Pair::number(pair),
            time: NOW - age,
            dice,
        }
    }
}

/// One access to a bucket.
pub(crate) struct Event {
    pub(crate) number: u64,
    pub(crate) pair: Pair,
    /// Epoch seconds: the log has no finer time.
    pub(crate) time: u64,
    pub(crate) dice: u64,
}

impl Event {
    fn status(&self) -> &'static str {
        match (self.dice >> 8) % 100 {
            0..60 => "200",
            60..93 => "206",
            93..97 => "304",
            97 => "404",
            _ => "403",
        }
    }

    fn refused(&self) -> bool {
        self.status().starts_with('4')
    }

    fn verb(&self) -> &'static str {
        match (self.dice >> 16) % 20 {
            0 => "PUT",
            1 | 2 => "HEAD",
            _ => "GET",
        }
    }

    fn write_key(&self, to: &mut Vec<u8>) -> io::Result<()> {
        let folder = pick(FOLDERS, self.dice >> 24);
        let suffix = pick(SUFFIXES, self.dice >> 28);
        let (part, object) = (self.dice % 4096, self.dice >> 32);
        write!(to, "{folder}/part-{part:05}-{object:08x}.c000.{suffix}")
    }

    /// Writes one field of the record, without the quotes that the log has around three of them.
    pub(crate) fn write_field(&self, name: &str, to: &mut Vec<u8>) -> io::Result<()> {
        let seed = self.pair.bucket_seed();
        let size = 200 + (self.dice >> 20) % 9_000_000;
        let sent = if self.refused() { 243 } else { size };
        match name {
            "bucket_owner" => write!(
                to,
                "{seed:016x}{:016x}{seed:016x}{:016x}",
                mix(seed),
                mix(seed ^ 1)
            ),
            "bucket_name" => self.pair.write_bucket(to),
            "request_time" => write_log_time(self.time, to),
            "remote_ip" => self.pair.write_address(to),
            "requester" => self.write_requester(to),
            "request_id" => write!(to, "{:016X}", mix(self.dice)),
            "operation" => write!(to, "REST.{}.OBJECT", self.verb()),
            "key" => self.write_key(to),
            "request_uri" => {
                write!(to, "{} /", self.verb())?;
                self.write_key(to)?;
                write!(to, " HTTP/1.1")
            }
            "http_status" => write!(to, "{}", self.status()),
            "error_code" if self.refused() => write!(to, "AccessDenied"),
            "bytes_sent" => write!(to, "{sent}"),
            "object_size" => write!(to, "{size}"),
            "total_time" => write!(to, "{}", 8 + self.dice % 190),
            "turn_around_time" => write!(to, "{}", 4 + self.dice % 90),
            "user_agent" => write!(to, "{}", pick(AGENTS, self.dice >> 12)),
            "host_id" => self.write_host_id(to),
            "signature_version" => write!(to, "SigV4"),
            "cipher_suite" => write!(to, "ECDHE-RSA-AES128-GCM-SHA256"),
            "authentication_type" => write!(to, "AuthHeader"),
            "host_header" => {
                self.pair.write_bucket(to)?;
                write!(to, ".s3.eu-west-1.amazonaws.com")
            }
            "tls_version" => write!(to, "TLSv1.2"),
            _ => write!(to, "-"),
        }
    }

    fn write_requester(&self, to: &mut Vec<u8>) -> io::Result<()> {
        if !self.dice.is_multiple_of(4) {
            return write!(to, "-");
        }
        let role = pick(&["etl-reader", "web-origin", "backup-agent"], self.dice);
        let session = self.dice % 997;
        write!(
            to,
            "arn:aws:sts::111122223333:assumed-role/{role}/i-{session:012x}"
        )
    }

    fn write_host_id(&self, to: &mut Vec<u8>) -> io::Result<()> {
        const DIGITS: &[u8; 64] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut bits = mix(self.dice ^ 7);
        for round in 0..75_u64 {
            if round % 10 == 9 {
                bits = mix(bits);
            }
            let digit = usize::try_from((bits >> (round % 10 * 6)) & 63).unwrap_or(0);
            to.extend(DIGITS.get(digit));
        }
        to.write_all(b"=")
    }

    /// Writes the access as the line that S3 writes, without its end.
    pub(crate) fn write_line(&self, to: &mut Vec<u8>) -> io::Result<()> {
        for (position, name) in LOG_FIELDS.iter().enumerate() {
            if position > 0 {
                to.push(b' ');
            }
            let (before, after) = match *name {
                "request_time" => ("[", "]"),
                "request_uri" | "referrer" | "user_agent" => ("\"", "\""),
                _ => ("", ""),
            };
            to.extend_from_slice(before.as_bytes());
            self.write_field(name, to)?;
            to.extend_from_slice(after.as_bytes());
        }
        Ok(())
    }
}

/// The log's time; all events are of one day.
fn write_log_time(time: u64, to: &mut Vec<u8>) -> io::Result<()> {
    let second = time % 86_400;
    let (hour, minute) = (second / 3600, second / 60 % 60);
    write!(
        to,
        "01/Aug/2026:{hour:02}:{minute:02}:{:02} +0000",
        second % 60
    )
}
