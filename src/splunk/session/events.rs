//! The body of a reply with events: every event as it came, plus the verdict on its pair.
//!
//! Chunks may come with different headers. The reply has the union of their columns in order of first appearance, then
//! firstTime, lastTime and newIP; where the input has a column of that name, its cells are replaced where they stand.

use std::collections::{HashMap, HashSet};
use std::iter::repeat;

use super::connection::{Abort, Visit};
use super::header::ChunkHeader;
use crate::csv::{MULTIVALUE_PREFIX, Record, encode_record, push_cell};
use crate::detector::{HeaderId, Outcome, Verdict, pair_values};
use crate::text::timestamp::{FIRST_TIME, LAST_TIME};

/// A column that the reply adds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Added {
    FirstTime,
    LastTime,
    NewIp,
}

impl Added {
    const ALL: [Self; 3] = [Self::FirstTime, Self::LastTime, Self::NewIp];

    fn name(self) -> &'static [u8] {
        let name = match self {
            Self::FirstTime => FIRST_TIME,
            Self::LastTime => LAST_TIME,
            Self::NewIp => "newIP",
        };
        name.as_bytes()
    }

    fn push(self, out: &mut Vec<u8>, verdict: &Verdict) {
        match self {
            Self::FirstTime => {
                if let Some(first) = verdict.first {
                    first.write(out);
                }
            }
            Self::LastTime => verdict.last.write(out),
            Self::NewIp => out.push(if verdict.new { b'1' } else { b'0' }),
        }
    }
}

/// Where a cell of the reply comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cell {
    /// From the event's cell with this number.
    Copied(usize),
    /// The event's chunk has no such column.
    Empty,
    /// From the verdict.
    Added(Added),
}

/// How the events of one header become rows of the reply.
#[derive(Debug)]
enum Plan {
    /// The event's bytes, this many empty cells, and all that is added.
    AsItCame(usize),
    /// Cell by cell.
    CellByCell(Vec<Cell>),
}

/// The reply's columns and how to fill them.
#[derive(Debug)]
pub(super) struct EventRows<'a> {
    headers: &'a [ChunkHeader],
    keys: &'a [String],
    columns: Vec<Vec<u8>>,
    /// The number of them that came with events; the others are added.
    came: usize,
}

impl<'a> EventRows<'a> {
    /// For events that came under `headers`.
    pub(super) fn new(headers: &'a [ChunkHeader], keys: &'a [String]) -> Self {
        let mut columns = union(headers);
        let came = columns.len();
        for added in Added::ALL {
            if !columns.iter().any(|name| name == added.name()) {
                columns.push(added.name().to_vec());
            }
        }
        Self {
            headers,
            keys,
            columns,
            came,
        }
    }

    /// How the events of this header become rows.
    fn plan(&self, header: &ChunkHeader) -> Plan {
        let names = &header.names;
        let in_order = names.names().eq(self.columns.iter().take(names.len()));
        let all_added = self.columns.len() == self.came + Added::ALL.len();
        match self.came.checked_sub(names.len()) {
            Some(missing) if in_order && all_added => Plan::AsItCame(missing),
            _ => Plan::CellByCell(cells(&self.columns, header)),
        }
    }

    /// Calls `visit` with the header, before the first row, and with every row.
    pub(super) fn each(&self, outcome: &mut Outcome, visit: &mut Visit<'_>) -> Result<(), Abort> {
        let mut row = Vec::new();
        let mut ends = Vec::new();
        let mut begun = false;
        let mut emit = |row: &[u8]| {
            if !std::mem::replace(&mut begun, true) {
                visit(&encode_record(self.columns.iter().map(Vec::as_slice)))?;
            }
            visit(row)
        };
        // One at a time: there may be many headers, and many columns of all of them together.
        let mut current: Option<(HeaderId, Plan)> = None;
        outcome.for_each_event(|_, verdict, header, event| {
            row.clear();
            if current.as_ref().is_none_or(|(of, _)| *of != header) {
                let came_under = self.headers.get(header as usize);
                current = came_under.map(|came_under| (header, self.plan(came_under)));
            }
            if let Some((_, plan)) = &current {
                push_row(&mut row, plan, event, verdict, &mut ends);
            }
            emit(&row)
        })?;
        for id in outcome.new_pairs_without_rows() {
            if let Some(verdict) = outcome.verdict(id) {
                row.clear();
                self.push_bare_row(&mut row, outcome, &verdict);
                emit(&row)?;
            }
        }
        Ok(())
    }

    /// A row for a pair whose events were dropped: its keys and times.
    fn push_bare_row(&self, out: &mut Vec<u8>, outcome: &Outcome, verdict: &Verdict) {
        let values: Vec<_> = pair_values(&outcome.sightings, verdict.pair).collect();
        for (index, name) in self.columns.iter().enumerate() {
            push_separator(out, index);
            let key = self.keys.iter().position(|key| key.as_bytes() == name);
            if let Some(value) = key.and_then(|at| values.get(at)) {
                push_cell(out, value);
            } else if name == b"_time" {
                Added::FirstTime.push(out, verdict);
            } else if let Some(added) = Added::ALL.into_iter().find(|added| added.name() == name) {
                added.push(out, verdict);
            }
        }
        out.push(b'\n');
    }
}

/// All columns, each where it appeared first. The first header stands as it is.
fn union(headers: &[ChunkHeader]) -> Vec<Vec<u8>> {
    let mut columns: Vec<Vec<u8>> = Vec::new();
    let mut known = HashSet::new();
    for (index, header) in headers.iter().enumerate() {
        for name in header.names.names() {
            if known.insert(name) || index == 0 {
                columns.push(name.to_vec());
            }
        }
    }
    columns
}

/// Where the cells of `columns` come from, for events under `header`. Of columns with the same name each keeps its own
/// cell where it stands in the same place; else the first one counts.
fn cells(columns: &[Vec<u8>], header: &ChunkHeader) -> Vec<Cell> {
    let mut first = HashMap::new();
    for (at, name) in header.names.names().enumerate() {
        first.entry(name).or_insert(at);
    }
    let own = header.names.names().map(Some).chain(repeat(None));
    let column = |(at, (name, own)): (usize, (&Vec<u8>, Option<&[u8]>))| {
        let same = (own == Some(name.as_slice())).then_some(at);
        cell(name, same.or_else(|| first.get(name.as_slice()).copied()))
    };
    columns.iter().zip(own).enumerate().map(column).collect()
}

/// Where the cell of column `name` comes from, which is the event's column `column`.
fn cell(name: &[u8], column: Option<usize>) -> Cell {
    let added = |name: &[u8]| Added::ALL.into_iter().find(|added| added.name() == name);
    if let Some(added) = added(name) {
        return Cell::Added(added);
    }
    let stale = name
        .strip_prefix(MULTIVALUE_PREFIX)
        .and_then(added)
        .is_some();
    match column {
        Some(column) if !stale => Cell::Copied(column),
        _ => Cell::Empty,
    }
}

fn push_row(out: &mut Vec<u8>, plan: &Plan, event: &[u8], verdict: &Verdict, ends: &mut Vec<u32>) {
    match plan {
        Plan::AsItCame(missing) => {
            out.extend_from_slice(event);
            out.extend(std::iter::repeat_n(b',', *missing));
            for added in Added::ALL {
                out.push(b',');
                added.push(out, verdict);
            }
        }
        Plan::CellByCell(cells) => {
            let record = Record::parse(event, ends);
            let copied = |column| record.map_or(b"".as_slice(), |record| record.raw(column));
            for (index, cell) in cells.iter().enumerate() {
                push_separator(out, index);
                match cell {
                    Cell::Copied(column) => out.extend_from_slice(copied(*column)),
                    Cell::Empty => {}
                    Cell::Added(added) => added.push(out, verdict),
                }
            }
        }
    }
    out.push(b'\n');
}

fn push_separator(out: &mut Vec<u8>, index: usize) {
    if index > 0 {
        out.push(b',');
    }
}
