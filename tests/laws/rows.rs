//! Random rows in chunks whose headers differ: events, and rows that are already summarised.

use super::{
    log_lines::log_line,
    model::Chunk,
    pools::{address, bucket, time_text, word},
    row::{FIRST, LAST},
};
use proptest::{bool::weighted, collection::vec, prelude::*};
use std::collections::BTreeMap;

/// The columns of the input and how many times in a hundred a chunk of events has them.
const COLUMNS: [(&str, u32); 24] = [
    ("_time", 85),
    ("bucket_name", 97),
    ("remote_ip", 97),
    ("__mv_bucket_name", 30),
    ("__mv_remote_ip", 50),
    ("_raw", 40),
    ("http_status", 70),
    ("operation", 50),
    ("request_uri", 50),
    ("requester", 60),
    ("user_agent", 50),
    ("count", 20),
    ("firstTime", 20),
    ("lastTime", 20),
    ("__mv_firstTime", 50),
    ("earliest", 15),
    ("latest", 15),
    ("firstTimeSeen", 10),
    ("lastTimeSeen", 10),
    ("newIP", 10),
    ("__mv_newIP", 50),
    ("host", 30),
    ("tag::eventtype", 20),
    ("__mv_tag::eventtype", 50),
];

/// Any rows, in up to five chunks.
pub(crate) fn chunks() -> impl Strategy<Value = Vec<Chunk>> {
    prop_oneof![19 => vec(chunk(), 1..6), 1 => Just(Vec::new())]
}

fn chunk() -> impl Strategy<Value = Chunk> {
    let events = columns(|_, percent| percent);
    let summarised = columns(|name, percent| match name {
        "_time" => 5,
        "firstTime" | "lastTime" | "earliest" | "latest" | "firstTimeSeen" | "lastTimeSeen"
        | "count" => 75,
        _ => percent,
    });
    (prop_oneof![3 => events, 1 => summarised], vec(row(), 0..9)).prop_map(|(mut columns, rows)| {
        let all = columns.clone();
        columns.retain(|name| {
            name.strip_prefix("__mv_")
                .is_none_or(|plain| all.contains(&plain))
        });
        let cells = |row: Cells| columns.iter().map(|name| row[name].clone()).collect();
        let rows = rows.into_iter().map(cells).collect();
        Chunk {
            columns: columns.into_iter().map(String::from).collect(),
            rows,
        }
    })
}

/// Columns in any order, each as likely as `percent` makes it.
fn columns(percent: impl Fn(&str, u32) -> u32) -> impl Strategy<Value = Vec<&'static str>> {
    let column = |(name, usual): (&'static str, u32)| {
        weighted(f64::from(percent(name, usual)) / 100.0).prop_map(move |has| has.then_some(name))
    };
    let columns: Vec<_> = COLUMNS.into_iter().map(column).collect();
    columns
        .prop_map(|columns| columns.into_iter().flatten().collect::<Vec<&str>>())
        .prop_shuffle()
}

/// Some cells of a row, by column.
type Cells = BTreeMap<&'static str, Vec<u8>>;

/// A row with a cell for every column there is.
fn row() -> impl Strategy<Value = Cells> {
    (keys(), times(), accesses(), added()).prop_map(|(keys, times, accesses, added)| {
        [keys, times, accesses, added]
            .into_iter()
            .flatten()
            .collect()
    })
}

fn keys() -> impl Strategy<Value = Cells> {
    (several(bucket), several(address)).prop_map(|(bucket, address)| {
        BTreeMap::from([
            ("bucket_name", bucket.0),
            ("__mv_bucket_name", bucket.1),
            ("remote_ip", address.0),
            ("__mv_remote_ip", address.1),
        ])
    })
}

fn times() -> impl Strategy<Value = Cells> {
    let bad = || word(&["yesterday", "1e9", "99999999999999999999", "12:30"]);
    let time = prop_oneof![16 => time_text(), 3 => word(&[""]), 1 => bad()];
    let summary_time = || prop_oneof![14 => time_text(), 5 => word(&[""]), 1 => bad()];
    (time, [(); 6].map(|()| summary_time())).prop_map(|(time, times)| {
        let summary = FIRST.into_iter().chain(LAST).zip(times);
        summary.chain([("_time", time)]).collect()
    })
}

/// What an event tells of the access.
fn accesses() -> impl Strategy<Value = Cells> {
    let raw = prop_oneof![
        3 => log_line().prop_map(|line| line.text().into_bytes()),
        1 => word(&["", "hello", "{\"message\":\"GET /report.csv HTTP/1.1\\\" 403\"}"]),
    ];
    let pools: [(&str, &[&str]); 6] = [
        (
            "http_status",
            &[
                "200",
                "",
                "206",
                "304",
                "403",
                "404",
                "500",
                "HTTP/1.1\"",
                "-",
                "20",
                "2000",
            ],
        ),
        ("count", &["", "1", "3", "17", "-2", "many", "1.5"]),
        ("operation", &["REST.GET.OBJECT", "REST.PUT.OBJECT", ""]),
        (
            "request_uri",
            &["GET /a HTTP/1.1", "GET /\"b\", c HTTP/1.1", "-"],
        ),
        (
            "requester",
            &[
                "arn:aws:iam::111122223333:user/reader",
                "-",
                "",
                "svc:s3.amazonaws.com",
            ],
        ),
        ("user_agent", &["aws-cli/2.13.0", "two\nlines", ""]),
    ];
    let words: Vec<_> = pools
        .into_iter()
        .map(|(name, pool)| word(pool).prop_map(move |word| (name, word)))
        .collect();
    (raw, words).prop_map(|(raw, words)| words.into_iter().chain([("_raw", raw)]).collect())
}

/// Columns that the command adds itself, and columns that mean nothing to it.
fn added() -> impl Strategy<Value = Cells> {
    (word(&["", "0", "1"]), word(&["", "$0$;$1$"])).prop_map(|(new, twin)| {
        BTreeMap::from([
            ("newIP", new),
            ("__mv_newIP", twin.clone()),
            ("__mv_firstTime", twin),
            ("host", b"search-head".to_vec()),
            ("tag::eventtype", b"cloud\nstorage".to_vec()),
            ("__mv_tag::eventtype", b"$cloud$;$storage$".to_vec()),
        ])
    })
}

/// A field with mostly one value, sometimes several: its own cell and the `__mv_` cell.
fn several<S: Strategy<Value = Vec<u8>>>(
    value: fn() -> S,
) -> impl Strategy<Value = (Vec<u8>, Vec<u8>)> {
    let values = prop_oneof![6 => vec(value(), 1), 1 => vec(value(), 2..4)];
    (values, 0..10_u8).prop_map(|(values, style)| {
        let encoded: Vec<Vec<u8>> = values.iter().map(|value| encoded(value)).collect();
        let twin = match (values.len(), style) {
            (1, 0) => encoded.join(&b';'),
            (1, 1) => b"malformed".to_vec(),
            (1, _) => Vec::new(),
            _ => encoded.join(&b';'),
        };
        (values.join(&b'\n'), twin)
    })
}

fn encoded(value: &[u8]) -> Vec<u8> {
    let mut cell = vec![b'$'];
    for byte in value {
        cell.extend(if *byte == b'$' {
            &b"$$"[..]
        } else {
            std::slice::from_ref(byte)
        });
    }
    cell.push(b'$');
    cell
}
