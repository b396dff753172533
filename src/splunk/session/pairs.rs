//! The body of a reply with pairs: a row for each new pair, sorted by first time and key.

use super::connection::{Abort, Visit};
use super::intake::ChunkHeader;
use crate::csv::{Record, record_of};
use crate::detector::spill::Place;
use crate::detector::{DETAILS, Outcome, Verdict};
use crate::text::timestamp::{FIRST_TIME, LAST_TIME};

/// The table.
pub(super) struct PairRows<'a> {
    keys: &'a [String],
    /// Which of [`DETAILS`] it has.
    shown: Vec<usize>,
    /// The pairs, and where the rows of their earliest events are held.
    pairs: Vec<(Verdict, Option<Place>)>,
}

impl<'a> PairRows<'a> {
    /// Of the new pairs of `outcome`, whose rows came under `headers`.
    pub(super) fn new(
        headers: &[ChunkHeader],
        keys: &'a [String],
        outcome: &mut Outcome,
    ) -> Result<Self, Abort> {
        let is_key = |name: &str| keys.iter().any(|key| key == name);
        let came = |index| headers.iter().any(|header| header.has_detail(index));
        let details = DETAILS.iter().enumerate();
        let shown = details.filter(|(index, name)| came(*index) && !is_key(name));
        Ok(Self {
            keys,
            shown: shown.map(|(index, _)| index).collect(),
            pairs: outcome.table()?,
        })
    }

    /// Calls `visit` with the header, before the first row, and with every row.
    pub(super) fn each(&self, outcome: &Outcome, visit: &mut Visit<'_>) -> Result<(), Abort> {
        if !self.pairs.is_empty() {
            visit(&self.header())?;
        }
        let (mut row, mut details) = (Vec::new(), Vec::new());
        for (verdict, place) in &self.pairs {
            row.clear();
            push_pair(&mut row, outcome, verdict);
            outcome.read_details(*place, &mut details)?;
            push_details(&mut row, &details, &self.shown);
            row.push(b'\n');
            visit(&row)?;
        }
        Ok(())
    }

    fn header(&self) -> Vec<u8> {
        let keys = self.keys.iter().map(String::as_str);
        let details = self.shown.iter().filter_map(|index| DETAILS.get(*index));
        let names = keys
            .chain([FIRST_TIME, LAST_TIME, "newIP", "count"])
            .chain(details.copied());
        record_of(names.map(str::as_bytes))
    }
}

fn push_pair(out: &mut Vec<u8>, outcome: &Outcome, verdict: &Verdict) {
    out.extend_from_slice(outcome.sightings.text(verdict.pair));
    if let Some(first) = verdict.first {
        first.write(out);
    }
    out.push(b',');
    verdict.last.write(out);
    let count = outcome
        .sightings
        .get(verdict.pair)
        .map_or(0, |pair| pair.count);
    out.extend_from_slice(format!(",{},{count}", u8::from(verdict.new)).as_bytes());
}

fn push_details(out: &mut Vec<u8>, row: &[u8], shown: &[usize]) {
    let mut ends = Vec::new();
    let record = Record::whole(row, &mut ends);
    for index in shown {
        out.push(b',');
        out.extend_from_slice(record.map_or(b"", |record| record.raw(*index)));
    }
}
