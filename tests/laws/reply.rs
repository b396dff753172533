//! The rows of a reply, one function for each kind of output.
//!
//! Where the documented behaviour leaves a choice:
//!
//! - `output=events`: all columns of the input in the order in which they first appear over the chunks, then
//!   firstTime, lastTime and newIP. Where the input has one of these, its cell is replaced and its `__mv_` cell emptied.
//!   bucket_name, remote_ip and requester stand before these where no chunk has the column and an event's log line has
//!   the value. A cell that does not agree with the log line is replaced, and its `__mv_` cell emptied.
//!   A row with several pairs comes once, where one of them is new, with the times of its first new pair.
//! - `output=all`: also the rows without a new pair, with newIP 0 and the times of their first pair.
//! - `maxevents`: each new pair has room for its first N events; a row is kept where one of its new pairs has room.
//! - `output=pairs`: the values beside the count are those of the pair's earliest event, and of these the first to arrive.
//!   A column that is a key is not shown again. http_status is `ambiguous` where the log line is, and requester the log
//!   line's where the column does not agree; a column that no chunk has is shown where one of these is needed.

use super::{
    model::{Chunk, Event, Options, Output, Verdict},
    row::{Pair, Row},
    time,
};
use std::{collections::BTreeMap, fmt};

/// The columns of a pair's earliest event that `output=pairs` shows where the input has them.
const SHOWN: [&str; 5] = [
    "http_status",
    "operation",
    "request_uri",
    "requester",
    "user_agent",
];
/// The columns that the command adds to an event.
const ADDED: [&str; 3] = ["firstTime", "lastTime", "newIP"];
/// The columns that a log line has the last word on.
const IN_LINE: [&str; 3] = ["bucket_name", "remote_ip", "requester"];

/// The rows of a reply.
#[derive(Clone, Default, PartialEq)]
pub(crate) struct Reply {
    pub(crate) columns: Vec<String>,
    pub(crate) rows: Vec<Vec<Vec<u8>>>,
}

/// The events that are returned, with the columns that the command adds.
pub(crate) fn events(
    events: &[Event],
    verdicts: &BTreeMap<Pair, Verdict>,
    options: &Options,
    chunks: &[Chunk],
) -> Reply {
    let mut columns = columns(chunks);
    for name in IN_LINE {
        let misses = events.iter().any(|event| event.row.misses(name));
        if misses && !columns.iter().any(|column| column == name) {
            columns.push(name.into());
        }
    }
    for added in ADDED {
        if !columns.iter().any(|column| column == added) {
            columns.push(added.into());
        }
    }
    let all = options.output == Some(Output::All);
    let limit = options
        .maxevents
        .filter(|limit| *limit > 0)
        .unwrap_or(u64::MAX);
    let mut kept: BTreeMap<&Pair, u64> = BTreeMap::new();
    let mut rows = Vec::new();
    for Event { row, access } in events {
        let new: Vec<&Pair> = access
            .pairs
            .iter()
            .filter(|pair| verdicts[*pair].new)
            .collect();
        let has_room = new
            .iter()
            .any(|pair| kept.get(pair).is_none_or(|kept| *kept < limit));
        if has_room || (all && new.is_empty()) {
            let verdict = verdicts[new.first().copied().unwrap_or(&access.pairs[0])];
            rows.push(
                columns
                    .iter()
                    .map(|column| event_cell(row, column, &verdict))
                    .collect(),
            );
        }
        for pair in new {
            *kept.entry(pair).or_default() += 1;
        }
    }
    Reply { columns, rows }
}

fn event_cell(row: &Row, column: &str, verdict: &Verdict) -> Vec<u8> {
    match column {
        "firstTime" => verdict.first.map(time::written).unwrap_or_default(),
        "lastTime" => time::written(verdict.last),
        "newIP" => flag(verdict.new),
        "__mv_firstTime" | "__mv_lastTime" | "__mv_newIP" => Vec::new(),
        _ => match column.strip_prefix("__mv_") {
            Some(plain) if row.corrected(plain).is_some() => Vec::new(),
            Some(_) => row.cell(column).to_vec(),
            None => row.corrected(column).unwrap_or(row.cell(column)).to_vec(),
        },
    }
}

/// The cell of a pair's earliest event in one of the columns that are shown.
fn shown_cell(row: &Row, column: &str) -> Vec<u8> {
    match column {
        "http_status" if row.is_ambiguous() => b"ambiguous".to_vec(),
        _ => row.corrected(column).unwrap_or(row.cell(column)).to_vec(),
    }
}

/// One row for each new pair.
pub(crate) fn pairs(
    events: &[Event],
    verdicts: &BTreeMap<Pair, Verdict>,
    keys: &[String],
    chunks: &[Chunk],
) -> Reply {
    let input = columns(chunks);
    let is_needed = |name: &str| {
        events.iter().any(|Event { row, .. }| {
            row.misses(name) || (name == "http_status" && row.is_ambiguous())
        })
    };
    let is_shown = |name: &&str| {
        let came = input.iter().any(|column| column == name);
        (came || is_needed(name)) && !keys.iter().any(|key| key == name)
    };
    let shown: Vec<&str> = SHOWN.into_iter().filter(is_shown).collect();
    let fixed = ["firstTime", "lastTime", "newIP", "count"];
    let columns = keys
        .iter()
        .cloned()
        .chain(fixed.iter().chain(&shown).map(|name| name.to_string()))
        .collect();
    let mut new: Vec<(&Pair, &Verdict)> =
        verdicts.iter().filter(|(_, verdict)| verdict.new).collect();
    new.sort_by_key(|(pair, verdict)| (verdict.first, *pair));
    let row = |(pair, verdict): (&Pair, &Verdict)| {
        let own: Vec<&Event> = events
            .iter()
            .filter(|event| event.access.pairs.contains(pair))
            .collect();
        let count: u64 = own.iter().map(|event| event.access.count).sum();
        let earliest = own
            .iter()
            .min_by_key(|event| event.access.first)
            .expect("every pair has an event");
        let first = verdict.first.expect("a new pair has a first time");
        let times = [first, verdict.last].map(time::written);
        let count = count.to_string().into_bytes();
        let shown = shown.iter().map(|name| shown_cell(&earliest.row, name));
        pair.iter()
            .cloned()
            .chain(times)
            .chain([flag(true), count])
            .chain(shown)
            .collect()
    };
    Reply {
        columns,
        rows: new.into_iter().map(row).collect(),
    }
}

/// The one row of `seed=true`.
pub(crate) fn learnt(figures: [usize; 4]) -> Reply {
    let columns = ["pairs_seen", "pairs_added", "pairs_updated", "pairs_total"].map(String::from);
    let row = figures.map(|figure| figure.to_string().into_bytes());
    Reply {
        columns: columns.into(),
        rows: vec![row.into()],
    }
}

/// All columns of the input, in the order in which they first appear.
fn columns(chunks: &[Chunk]) -> Vec<String> {
    let mut columns: Vec<String> = Vec::new();
    for column in chunks.iter().flat_map(|chunk| &chunk.columns) {
        if !columns.contains(column) {
            columns.push(column.clone());
        }
    }
    columns
}

fn flag(set: bool) -> Vec<u8> {
    vec![if set { b'1' } else { b'0' }]
}
impl fmt::Debug for Chunk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        shown(f, &self.columns, &self.rows)
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        shown(f, &self.columns, &self.rows)
    }
}

/// A table as lines of escaped cells.
fn shown(f: &mut fmt::Formatter<'_>, columns: &[String], rows: &[Vec<Vec<u8>>]) -> fmt::Result {
    write!(f, "\n    {} rows: {}", rows.len(), columns.join(" | "))?;
    rows.iter().try_for_each(|row| {
        let cells: Vec<String> = row
            .iter()
            .map(|cell| cell.escape_ascii().to_string())
            .collect();
        write!(f, "\n      {}", cells.join(" | "))
    })
}
