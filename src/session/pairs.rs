//! The body of a reply with pairs: a row for each new pair, sorted by first time and key.

use std::io::Write;

use super::connection::Lost;
use super::intake::ChunkHeader;
use crate::detector::{Conclusion, DETAILS, Verdict};
use crate::held::Place;
use crate::rows::{Record, push_cell};
use crate::timestamp::{FIRST_TIME, LAST_TIME};

/// The table.
pub(super) struct PairRows<'a> {
    keys: &'a [String],
    /// Which of [`DETAILS`] it has.
    shown: Vec<usize>,
    /// The pairs, and where the rows of their earliest events are held.
    pairs: Vec<(Verdict, Option<Place>)>,
}

impl<'a> PairRows<'a> {
    /// Of the new pairs of `conclusion`, whose rows came under `headers`.
    pub(super) fn new(
        headers: &[ChunkHeader],
        keys: &'a [String],
        conclusion: &mut Conclusion,
    ) -> Result<Self, Lost> {
        let is_key = |name: &str| keys.iter().any(|key| key == name);
        let came = |index| headers.iter().any(|header| header.has_detail(index));
        let details = DETAILS.iter().enumerate();
        let shown = details.filter(|(index, name)| came(*index) && !is_key(name));
        Ok(Self {
            keys,
            shown: shown.map(|(index, _)| index).collect(),
            pairs: conclusion.table()?,
        })
    }

    /// The bytes that [`PairRows::write`] will write.
    pub(super) fn length(&self, conclusion: &Conclusion) -> Result<u64, Lost> {
        let mut length = 0;
        self.each(conclusion, |row| {
            length += row.len() as u64;
            Ok(())
        })?;
        Ok(length)
    }

    /// Writes the header and the rows; nothing where there is no new pair.
    pub(super) fn write(&self, conclusion: &Conclusion, out: &mut dyn Write) -> Result<(), Lost> {
        self.each(conclusion, |row| Ok(out.write_all(row)?))
    }

    /// Calls `visit` with the header, before the first row, and with every row.
    fn each(
        &self,
        conclusion: &Conclusion,
        mut visit: impl FnMut(&[u8]) -> Result<(), Lost>,
    ) -> Result<(), Lost> {
        if !self.pairs.is_empty() {
            visit(&header(self.keys, &self.shown))?;
        }
        let (mut row, mut details) = (Vec::new(), Vec::new());
        for (verdict, place) in &self.pairs {
            row.clear();
            push_pair(&mut row, conclusion, verdict);
            conclusion.read_details(*place, &mut details)?;
            push_details(&mut row, &details, &self.shown);
            row.push(b'\n');
            visit(&row)?;
        }
        Ok(())
    }
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

fn push_details(out: &mut Vec<u8>, row: &[u8], shown: &[usize]) {
    let mut ends = Vec::new();
    let record = Record::whole(row, &mut ends);
    for index in shown {
        out.push(b',');
        out.extend_from_slice(record.map_or(b"", |record| record.raw(*index)));
    }
}
