//! One installation with one lookup, and what a search did there.

use super::{
    generate::Scenario,
    lookups::Start,
    model::{Chunk, Counts},
    pools::NOW,
    reply::Reply,
    table,
};
use crate::support::{Outcome, Splunk, files::State, runner};
use std::{path::PathBuf, process::Command};

/// A search head on which a scenario's search is run, over its own rows or others.
pub(crate) struct Stage<'a> {
    scenario: &'a Scenario,
    splunk: Splunk,
}

impl Stage<'_> {
    /// The installation before the search.
    pub(crate) fn new(scenario: &Scenario) -> Stage<'_> {
        let splunk = Splunk::new();
        let lookup = &scenario.lookup;
        let splunk = match &scenario.start {
            Start::Nothing => splunk,
            Start::Default(draft) => splunk.lookup(&format!("{lookup}.default"), draft.text()),
            Start::Lookup(draft) => splunk.lookup(lookup, draft.text()),
        };
        Stage { scenario, splunk }
    }

    /// Runs the search over `chunks`; `seed` decides how its pipe is cut.
    pub(crate) fn run(&self, chunks: &[Chunk], seed: u64) -> Outcome {
        let search = self
            .splunk
            .search(&self.scenario.arguments)
            .now(NOW)
            .seed(seed)
            .probes(0);
        let search = if self.scenario.preview {
            search.preview()
        } else {
            search
        };
        let bodies = chunks.iter().map(body);
        bodies.fold(search, |search, body| search.body(body)).run()
    }

    /// The lookup's file with its identity, so that equal states mean that it was not written.
    pub(crate) fn lookup_state(&self) -> Option<State> {
        let path = self.path();
        path.exists().then(|| State::of(&path))
    }

    /// The lookup's bytes.
    pub(crate) fn lookup_text(&self) -> Option<Vec<u8>> {
        std::fs::read(self.path()).ok()
    }

    /// Expects these rows; where there is none, a body without a header will do.
    pub(crate) fn expect_reply(&self, outcome: &Outcome, expected: &Reply) {
        if expected.rows.is_empty() && outcome.last().body.is_empty() {
            return;
        }
        let found = reply_of(outcome);
        let differs = |row: &usize| found.rows.get(*row) != expected.rows.get(*row);
        if let Some(row) = (0..found.rows.len().max(expected.rows.len())).find(differs) {
            let around = |reply: &Reply| Reply {
                columns: reply.columns.clone(),
                rows: reply
                    .rows
                    .iter()
                    .skip(row.saturating_sub(20))
                    .take(30)
                    .cloned()
                    .collect(),
            };
            outcome.fail(&format!(
                "row {row}: expected{:?}\nfound{:?}",
                around(expected),
                around(&found)
            ));
        }
        assert_eq!(found.columns, expected.columns);
    }

    /// Expects the figures in the messages: what came of the rows, and of the history where it may be written.
    pub(crate) fn expect_counts(&self, outcome: &Outcome, expected: &Counts) {
        let Counts {
            rows,
            skipped,
            successful,
            pairs,
            new,
            history,
        } = expected;
        if let Some(first) = skipped.first() {
            let share = format!("{} of {rows} rows could not be used", skipped.len());
            outcome.expect_message("WARN", &[&share, &format!("row {first}")]);
        }
        let learns = self.scenario.options.seed == Some(true);
        let word = if learns { "added" } else { "new" };
        let seen = format!(
            "{rows} rows, {successful} successful, {pairs} pairs, {new} {word}; history {}: ",
            self.scenario.lookup
        );
        let merged = history.map(|[before, after, updated]| {
            format!("{before} rows before, {after} after, {updated} updated")
        });
        outcome.expect_message("INFO", &[&(seen + &merged.unwrap_or_default())]);
    }

    /// The installed binary, to be started without splunkd.
    pub(crate) fn binary(&self) -> Command {
        let binary = self.splunk.binary();
        let mut command = Command::new(runner().map_or(binary.clone(), PathBuf::from));
        command.args(runner().map(|_| binary));
        command
    }

    /// A folder for other files.
    pub(crate) fn folder(&self) -> PathBuf {
        let folder = self.splunk.home().join("files");
        std::fs::create_dir_all(&folder).unwrap();
        folder
    }

    fn path(&self) -> PathBuf {
        self.splunk.lookups().join(&self.scenario.lookup)
    }
}

/// The rows of the last reply.
pub(crate) fn reply_of(outcome: &Outcome) -> Reply {
    read_table(&outcome.last().body)
}

/// The rows of a CSV text with a header.
pub(crate) fn read_table(text: &[u8]) -> Reply {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(text);
    let cells = |record: csv::ByteRecord| record.iter().map(<[u8]>::to_vec).collect();
    let mut records = reader.byte_records().map(|record| cells(record.unwrap()));
    let header: Vec<Vec<u8>> = records.next().unwrap_or_default();
    let columns = header
        .into_iter()
        .map(|name| String::from_utf8(name).unwrap())
        .collect();
    Reply {
        columns,
        rows: records.collect(),
    }
}

/// A chunk's body in splunkd's dialect: all but letters and digits in quotes.
fn body(chunk: &Chunk) -> Vec<u8> {
    if chunk.columns.is_empty() {
        return Vec::new();
    }
    let header: Vec<Vec<u8>> = chunk
        .columns
        .iter()
        .map(|name| name.clone().into_bytes())
        .collect();
    let cell = |value: &Vec<u8>| match value.iter().all(u8::is_ascii_alphanumeric) {
        true => value.clone(),
        false => table::quoted(value),
    };
    let line = |cells: &Vec<Vec<u8>>| {
        [
            cells.iter().map(cell).collect::<Vec<_>>().join(&b','),
            b"\n".to_vec(),
        ]
        .concat()
    };
    std::iter::once(&header)
        .chain(&chunk.rows)
        .flat_map(line)
        .collect()
}
