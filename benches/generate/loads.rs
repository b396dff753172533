//! The work loads: which columns the rows of a stream have, and where their values come from.

use crate::event::{Event, Load};
use crate::pairs::{NEW, NOW, Pair, history_times, mix, popular};
use crate::splunkd::Row;
use std::io::{self, Write};

/// Splunk's own fields of an event, with `_raw`, before those that the add-on extracts.
const SPLUNK_FIELDS: [&str; 20] = [
    "_time",
    "index",
    "_raw",
    "host",
    "source",
    "sourcetype",
    "_sourcetype",
    "_cd",
    "_bkt",
    "linecount",
    "splunk_server",
    "_si",
    "_indextime",
    "_subsecond",
    "timestartpos",
    "timeendpos",
    "punct",
    "eventtype",
    "tag",
    "_serial",
];

/// The columns of the narrow shape.
pub(crate) const NARROW: [&str; 6] = [
    "_time",
    "bucket_name",
    "remote_ip",
    "http_status",
    "operation",
    "request_uri",
];

/// The columns of rows that `stats` has summarised on the indexers.
pub(crate) const SUMMARY: [&str; 6] = [
    "bucket_name",
    "remote_ip",
    "http_status",
    "firstTime",
    "lastTime",
    "count",
];

/// The 46 columns that a non-streaming command gets for an event of the access log.
pub(crate) fn real_columns() -> Vec<&'static str> {
    [
        SPLUNK_FIELDS.as_slice(),
        crate::event::LOG_FIELDS.as_slice(),
    ]
    .concat()
}

impl Row for Event {
    fn write_value(&self, name: &str, to: &mut Vec<u8>) -> io::Result<()> {
        match name {
            "_time" => write!(to, "{}", self.time),
            "index" => write!(to, "aws"),
            "_raw" => self.write_line(to),
            "host" => write!(to, "sqs-collector-1"),
            "source" => {
                write!(to, "s3://harbour-access-logs/")?;
                self.pair.write_bucket(to)?;
                write!(
                    to,
                    "/2026-08-01-02-00-07-{:08X}",
                    mix(self.time / 600) >> 32
                )
            }
            "sourcetype" | "_sourcetype" => write!(to, "aws:s3:accesslogs"),
            "_cd" => write!(to, "418:{}", 1_000_000 + self.number * 613),
            "_bkt" => write!(to, "aws~418~5E0B2C11-7A43-4B0E-9D5F-1C2D3E4F5A6B"),
            "linecount" => write!(to, "1"),
            "splunk_server" => write!(to, "idx{}.example.com", self.dice % 3 + 1),
            "_si" => write!(to, "idx{}.example.com\naws", self.dice % 3 + 1),
            "_indextime" => write!(to, "{}", NOW - 30 + self.dice % 20),
            "timestartpos" => write!(to, "{}", 67 + self.dice % 30),
            "timeendpos" => write!(to, "{}", 93 + self.dice % 30),
            "punct" => write!(to, "_--_[//:::_+]_..._:::::-//-_.._=-/=-/=-/---..."),
            "_serial" => write!(to, "{}", self.number),
            "_subsecond" | "eventtype" | "tag" => Ok(()),
            _ => self.write_field(name, to),
        }
    }
}

/// One row of `stats min(_time) max(_time) count by bucket_name remote_ip http_status`.
pub(crate) struct Summary(Event);

impl Summary {
    /// Row number `n` of a search over `pairs` pairs of history, one in a hundred new.
    pub(crate) fn number(n: u64, pairs: u64) -> Self {
        let load = Load {
            events: 1,
            pairs,
            new_pairs: 1,
            draw: crate::pairs::Draw::Evenly,
        };
        let pair = if n % 100 == 50 {
            NEW + n
        } else {
            popular(n * 97, pairs)
        };
        Self(Event {
            number: n,
            pair: Pair::number(pair),
            ..load.event(n)
        })
    }
}

impl Row for Summary {
    fn write_value(&self, name: &str, to: &mut Vec<u8>) -> io::Result<()> {
        let Self(event) = self;
        match name {
            "firstTime" => write!(to, "{}", event.time - 300),
            "lastTime" => write!(to, "{}", event.time),
            "count" => write!(to, "{}", event.dice % 500 + 1),
            "http_status" => write!(to, "200"),
            _ => event.write_field(name, to),
        }
    }
}

/// Writes a history of this many pairs: about 70 bytes a row, in the order of no column.
pub(crate) fn write_history(pairs: u64, to: &mut impl Write) -> io::Result<()> {
    to.write_all(b"bucket_name,remote_ip,firstTime,lastTime\n")?;
    let mut line = Vec::new();
    for number in 0..pairs {
        line.clear();
        let pair = Pair::number(number);
        pair.write_bucket(&mut line)?;
        line.push(b',');
        pair.write_address(&mut line)?;
        let (first, last) = history_times(number, pairs);
        writeln!(line, ",{first},{last}")?;
        to.write_all(&line)?;
    }
    Ok(())
}

/// Writes raw log lines until the file has this many bytes.
pub(crate) fn write_log(load: &Load, bytes: u64, to: &mut impl Write) -> io::Result<()> {
    let mut written = 0;
    let mut line = Vec::new();
    for number in 0.. {
        if written >= bytes {
            break;
        }
        line.clear();
        load.event(number).write_line(&mut line)?;
        line.push(b'\n');
        to.write_all(&line)?;
        written += u64::try_from(line.len()).unwrap_or(u64::MAX);
    }
    Ok(())
}
