//! The body of a reply with pairs: a row for each new pair, sorted by first time and key.

use super::connection::{Abort, Visit};
use super::header::ChunkHeader;
use crate::csv::encode_record;
use crate::detector::{DETAIL_COLUMNS, Outcome, Place, Verdict};
use crate::text::timestamp::{FIRST_TIME, LAST_TIME};

/// The rows, ready to be sent.
pub(super) struct PairRows<'a> {
    keys: &'a [String],
    /// The numbers of the [`DETAIL_COLUMNS`] that it has.
    shown: Vec<usize>,
    /// The pairs, and where the details of their earliest events are held.
    pairs: Vec<(Verdict, Option<Place>)>,
}

impl<'a> PairRows<'a> {
    /// From the new pairs of `outcome`, whose rows came under `headers`.
    pub(super) fn new(
        headers: &[ChunkHeader],
        keys: &'a [String],
        outcome: &mut Outcome,
    ) -> Result<Self, Abort> {
        let is_key = |name: &str| keys.iter().any(|key| key == name);
        let came = |index| headers.iter().any(|header| header.has_detail(index));
        let details = DETAIL_COLUMNS.iter().enumerate();
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
        let (mut row, mut held) = (Vec::new(), Vec::new());
        for (verdict, place) in &self.pairs {
            row.clear();
            push_pair(&mut row, outcome, verdict);
            let details = outcome.read_details(*place, &mut held)?;
            for index in &self.shown {
                row.push(b',');
                row.extend_from_slice(details.csv(*index));
            }
            row.push(b'\n');
            visit(&row)?;
        }
        Ok(())
    }

    fn header(&self) -> Vec<u8> {
        let keys = self.keys.iter().map(String::as_str);
        let details = self
            .shown
            .iter()
            .filter_map(|index| DETAIL_COLUMNS.get(*index));
        let names = keys
            .chain([FIRST_TIME, LAST_TIME, "newIP", "count"])
            .chain(details.copied());
        encode_record(names.map(str::as_bytes))
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
