//! The body of a reply with pairs: a row for each new pair, sorted by first time and key.

use super::connection::Lost;
use super::intake::ChunkHeader;
use crate::detector::{Conclusion, DETAILS, Verdict};
use crate::rows::{Record, push_cell};
use crate::timestamp::{FIRST_TIME, LAST_TIME};

/// The whole table as CSV; empty where there is no new pair.
pub(super) fn table(
    keys: &[String],
    headers: &[ChunkHeader],
    conclusion: &mut Conclusion,
) -> Result<Vec<u8>, Lost> {
    let pairs = conclusion.sorted_new_pairs();
    if pairs.is_empty() {
        return Ok(Vec::new());
    }
    let details = conclusion.details()?;
    let is_key = |index: usize| {
        DETAILS
            .get(index)
            .is_some_and(|name| keys.iter().any(|key| key == name))
    };
    let shown: Vec<_> = (0..DETAILS.len())
        .filter(|index| headers.iter().any(|header| header.has_detail(*index)) && !is_key(*index))
        .collect();
    let mut out = header(keys, &shown);
    for verdict in pairs {
        push_pair(&mut out, conclusion, &verdict);
        push_details(&mut out, details.get(&verdict.pair), &shown);
        out.push(b'\n');
    }
    Ok(out)
}

fn header(keys: &[String], shown: &[usize]) -> Vec<u8> {
    let mut out = Vec::new();
    for key in keys {
        push_cell(&mut out, key.as_bytes());
        out.push(b',');
    }
    let details = shown.iter().filter_map(|index| DETAILS.get(*index));
    let names = [FIRST_TIME, LAST_TIME, "newIP", "count"].into_iter();
    out.extend_from_slice(
        names
            .chain(details.copied())
            .collect::<Vec<_>>()
            .join(",")
            .as_bytes(),
    );
    out.push(b'\n');
    out
}

fn push_pair(out: &mut Vec<u8>, conclusion: &Conclusion, verdict: &Verdict) {
    out.extend_from_slice(conclusion.sightings.text(verdict.pair));
    if let Some(first) = verdict.first {
        first.write(out);
    }
    out.push(b',');
    verdict.last.write(out);
    let count = conclusion
        .sightings
        .get(verdict.pair)
        .map_or(0, |pair| pair.count);
    out.extend_from_slice(format!(",{},{count}", u8::from(verdict.new)).as_bytes());
}

fn push_details(out: &mut Vec<u8>, row: Option<&Vec<u8>>, shown: &[usize]) {
    let row = row.map_or(b"".as_slice(), Vec::as_slice);
    let mut ends = Vec::new();
    let record = Record::whole(row, &mut ends);
    for index in shown {
        out.push(b',');
        out.extend_from_slice(record.map_or(b"", |record| record.raw(*index)));
    }
}
