//! What a search must answer, written from the documented behaviour alone: everything in memory, one step after the other.
//!
//! Where the documented behaviour leaves a choice:
//!
//! - The first time of a pair is the earliest of the sighting's and those of all its rows in the history; it is not
//!   known where one of these rows has none. The last time is the latest of those that are known.
//! - `new=window`: a pair is new where its first time is known and at or after the threshold. `new=unseen`: where it has
//!   no row in the history.
//! - The figures of the history count its rows: a pair that stands in two rows counts twice, blank lines do not count.

use super::{
    history::{History, Merged, Sighting},
    reply::{self, Reply},
    row::{Access, Pair, Row},
    time::Window,
};
use std::collections::BTreeMap;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Rule {
    Window,
    Unseen,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Output {
    Events,
    Pairs,
    All,
}

/// The options of a search, `None` where they are not given.
#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    pub(crate) window: Option<Window>,
    pub(crate) new: Option<Rule>,
    pub(crate) status: Option<Vec<String>>,
    pub(crate) output: Option<Output>,
    pub(crate) maxevents: Option<u64>,
    pub(crate) update: Option<bool>,
    pub(crate) seed: Option<bool>,
    pub(crate) by: Option<Vec<String>>,
}

/// A body of rows under one header, as one execute request brings it.
#[derive(Clone, PartialEq)]
pub(crate) struct Chunk {
    pub(crate) columns: Vec<String>,
    pub(crate) rows: Vec<Vec<Vec<u8>>>,
}

/// One search and all that decides its answer.
pub(crate) struct Search<'a> {
    pub(crate) options: &'a Options,
    /// now(), in seconds.
    pub(crate) now: i64,
    pub(crate) preview: bool,
    /// The lookup's content, or its default's; `None` where there is neither.
    pub(crate) history: Option<&'a [u8]>,
    pub(crate) chunks: &'a [Chunk],
}

/// What a search must answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) reply: Reply,
    /// The new content of the lookup; `None` where it stays as it is.
    pub(crate) history: Option<Vec<u8>>,
    pub(crate) counts: Counts,
}

/// The figures of a run.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Counts {
    pub(crate) rows: usize,
    /// The rows that cannot be used, whatever their status; the first row of the search is row 1.
    pub(crate) skipped: Vec<usize>,
    /// Usable rows whose access succeeded.
    pub(crate) successful: usize,
    pub(crate) pairs: usize,
    /// New pairs; for a search that learns only, pairs that were added.
    pub(crate) new: usize,
    /// Rows of the history before, after, and touched, where it may be written.
    pub(crate) history: Option<[usize; 3]>,
}

/// A usable row of a successful access, and where it came from.
pub(crate) struct Event<'a> {
    pub(crate) row: Row<'a>,
    pub(crate) access: Access,
}

/// What is known of a pair after the merge.
#[derive(Clone, Copy)]
pub(crate) struct Verdict {
    /// Not known where some row of the pair in the history has no first time.
    pub(crate) first: Option<i64>,
    pub(crate) last: i64,
    pub(crate) new: bool,
}

impl Options {
    pub(crate) fn keys(&self) -> Vec<String> {
        self.by
            .clone()
            .unwrap_or(vec!["bucket_name".into(), "remote_ip".into()])
    }

    /// Whether the key is that of the default lookup, in any order.
    pub(crate) fn has_default_keys(&self) -> bool {
        let mut keys = self.keys();
        keys.sort();
        keys == ["bucket_name", "remote_ip"]
    }

    /// The codes and classes of successful access.
    pub(crate) fn statuses(&self) -> Vec<String> {
        self.status
            .clone()
            .unwrap_or(vec!["2xx".into(), "304".into()])
    }

    fn threshold(&self, now: i64) -> i64 {
        let default = Window {
            text: "-70m@m",
            back: 70 * 60,
            snap: 60,
        };
        self.window.clone().unwrap_or(default).threshold(now)
    }
}

impl Search<'_> {
    /// The answer, or why the history is refused.
    pub(crate) fn answer(&self) -> Result<Answer, &'static str> {
        let (options, keys) = (self.options, self.options.keys());
        let start = self.history.map(|text| History::read(text, &keys));
        let history = start.unwrap_or(Ok(History::empty(&keys)))?;
        let rows: Vec<Row> = self.chunks.iter().flat_map(Chunk::rows).collect();
        let events: Vec<Event> = rows.iter().filter_map(|row| event(row, options)).collect();
        let sightings = sightings(&events);
        let verdicts = self.verdicts(&history, &sightings);
        let merged = history.merged(&sightings);
        let [before, after, updated] = figures(&history, merged.as_ref());
        let writes = !self.preview && options.update != Some(false);
        let learns = options.seed == Some(true);
        let new = verdicts.values().filter(|verdict| verdict.new).count();
        let skipped =
            |(number, row): (usize, &Row)| row.access(options).is_none().then_some(number);
        let counts = Counts {
            rows: rows.len(),
            skipped: (1..).zip(&rows).filter_map(skipped).collect(),
            successful: events.len(),
            pairs: sightings.len(),
            new: if learns { after - before } else { new },
            history: writes.then_some([before, after, updated]),
        };
        let reply = match (options.seed, options.output) {
            (Some(true), _) => reply::learnt([sightings.len(), after - before, updated, after]),
            (_, Some(Output::Pairs)) => reply::pairs(&events, &verdicts, &keys, self.chunks),
            _ => reply::events(&events, &verdicts, options, self.chunks),
        };
        let history = merged.filter(|_| writes).map(|merged| merged.text);
        Ok(Answer {
            reply,
            history,
            counts,
        })
    }

    fn verdicts(
        &self,
        history: &History,
        sightings: &BTreeMap<Pair, Sighting>,
    ) -> BTreeMap<Pair, Verdict> {
        let known = history.pairs();
        let threshold = self.options.threshold(self.now);
        let verdict = |(pair, sighting): (&Pair, &Sighting)| {
            let rows = known.get(pair).map_or(&[][..], Vec::as_slice);
            let firsts: Option<Vec<i64>> = rows.iter().map(|(first, _)| *first).collect();
            let first = firsts.map(|firsts| firsts.into_iter().fold(sighting.first, i64::min));
            let lasts = rows.iter().filter_map(|(_, last)| *last);
            let last = lasts.fold(sighting.last, i64::max);
            let new = match self.options.new {
                Some(Rule::Unseen) => rows.is_empty(),
                _ => first.is_some_and(|first| first >= threshold),
            };
            (pair.clone(), Verdict { first, last, new })
        };
        sightings.iter().map(verdict).collect()
    }
}

impl Chunk {
    fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        let columns = self.columns.as_slice();
        self.rows.iter().map(move |cells| Row { columns, cells })
    }
}

fn event<'a>(row: &Row<'a>, options: &Options) -> Option<Event<'a>> {
    let access = row.access(options)?;
    row.succeeded(options).then_some(Event {
        row: row.clone(),
        access,
    })
}

/// Rows of the history before, after, and touched.
fn figures(history: &History, merged: Option<&Merged>) -> [usize; 3] {
    let before = history.rows().count();
    merged.map_or([before, before, 0], |merged| {
        [before, before + merged.added, merged.updated]
    })
}

fn sightings(events: &[Event]) -> BTreeMap<Pair, Sighting> {
    let mut sightings = BTreeMap::new();
    for Access {
        pairs, first, last, ..
    } in events.iter().map(|event| &event.access)
    {
        for pair in pairs {
            let sighting = sightings.entry(pair.clone()).or_insert(Sighting {
                first: *first,
                last: *last,
            });
            sighting.first = sighting.first.min(*first);
            sighting.last = sighting.last.max(*last);
        }
    }
    sightings
}
