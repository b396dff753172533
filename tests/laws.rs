//! The laws of the search command, held over random searches through the real binary.
//!
//! The model in `laws/` is written from the behaviour alone and shares no code with the command: a `BTreeMap`, whole files
//! in memory, one step after the other. A failure shows the search, shrunk, and is kept in `laws.regressions`;
//! `PROPTEST_CASES` asks for another number of searches.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failure here is a failed test"
)]

mod laws {
    pub(crate) mod crowd;
    pub(crate) mod generate;
    pub(crate) mod history;
    pub(crate) mod log_lines;
    pub(crate) mod lookups;
    pub(crate) mod model;
    pub(crate) mod pools;
    pub(crate) mod reply;
    pub(crate) mod row;
    pub(crate) mod rows;
    pub(crate) mod scanned;
    pub(crate) mod stage;
    pub(crate) mod table;
    pub(crate) mod time;
    pub(crate) mod typed_options;
}
mod support;

use laws::{
    crowd::crowd,
    generate::{Scenario, scenario},
    history::{History, Times},
    model::{Chunk, Options, Output, Rule},
    row::Pair,
    rows::chunks,
    scanned::{comparable, logs},
    stage::{Stage, reply_of},
};
use proptest::{collection::vec, prelude::*, test_runner::FileFailurePersistence};
use std::collections::BTreeMap;

/// So many cases as the environment asks for, or 256, divided by `part`: a case of some laws runs several searches.
fn config(part: u32) -> ProptestConfig {
    let config = ProptestConfig::default();
    ProptestConfig {
        cases: config.cases.div_ceil(part),
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))),
        ..config
    }
}

proptest! {
    #![proptest_config(config(1))]

    #[test]
    fn a_search_answers_and_learns_what_the_model_says(scenario in scenario(), seed in any::<u64>()) {
        let stage = Stage::new(&scenario);
        let before = stage.lookup_state();
        let outcome = stage.run(&scenario.chunks, seed);
        match scenario.answer() {
            Err(why) => {
                prop_assert!(outcome.error().is_some(), "expected a refusal: {why}\n{}", outcome.transcript);
                prop_assert_eq!(stage.lookup_state(), before);
            }
            Ok(expected) => {
                outcome.expect_success();
                stage.expect_reply(&outcome, &expected.reply);
                stage.expect_counts(&outcome, &expected.counts);
                match expected.history {
                    None => prop_assert_eq!(stage.lookup_state(), before, "nothing was to be written"),
                    Some(text) => prop_assert_eq!(shown(stage.lookup_text()), shown(Some(text))),
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(config(4))]

    #[test]
    fn however_the_rows_are_cut_the_result_is_the_same(
        scenario in scenario(),
        sizes in vec(0..5_usize, 1..6),
        seeds in any::<[u64; 2]>(),
    ) {
        let whole = Stage::new(&scenario);
        let cut = Stage::new(&scenario);
        let expected = whole.run(&scenario.chunks, seeds[0]);
        let found = cut.run(&recut(&scenario.chunks, &sizes), seeds[1]);
        prop_assert_eq!(found.error().is_some(), expected.error().is_some());
        if expected.error().is_none() {
            prop_assert_eq!(reply_of(&found), reply_of(&expected));
        }
        prop_assert_eq!(shown(cut.lookup_text()), shown(whole.lookup_text()));
    }

    #[test]
    fn a_search_that_is_run_again_changes_nothing(scenario in scenario(), seed in any::<u64>()) {
        let stage = Stage::new(&scenario);
        stage.run(&scenario.chunks, seed);
        let before = stage.lookup_state();
        stage.run(&scenario.chunks, seed);
        prop_assert_eq!(stage.lookup_state(), before);
    }

    #[test]
    fn two_searches_learn_the_same_in_either_order(
        scenario in scenario(),
        other in chunks(),
        seed in any::<u64>(),
    ) {
        let learnt = |first: &[Chunk], second: &[Chunk]| {
            let stage = Stage::new(&scenario);
            stage.run(first, seed);
            stage.run(second, seed);
            pairs_of(&scenario, stage.lookup_text())
        };
        prop_assert_eq!(learnt(&scenario.chunks, &other), learnt(&other, &scenario.chunks));
    }
}

#[test]
fn a_search_that_outgrows_its_memory_answers_what_the_model_says() {
    let unseen = Options {
        new: Some(Rule::Unseen),
        ..Options::default()
    };
    let all = Options {
        output: Some(Output::All),
        maxevents: Some(2),
        ..unseen.clone()
    };
    let pairs = Options {
        output: Some(Output::Pairs),
        ..unseen.clone()
    };
    for (options, seed) in [(unseen, 1), (all, 2), (pairs, 3)] {
        let scenario = crowd(options, seed);
        let stage = Stage::new(&scenario);
        let outcome = stage.run(&scenario.chunks, seed);
        let expected = scenario.answer().unwrap();
        stage.expect_reply(&outcome, &expected.reply);
        stage.expect_counts(&outcome, &expected.counts);
        assert_eq!(stage.lookup_text(), expected.history);
    }
}

proptest! {
    #![proptest_config(config(4))]

    #[test]
    fn a_scan_finds_in_log_files_what_the_command_finds_in_their_events(logs in logs(), seed in any::<u64>()) {
        let stage = Stage::new(&logs.scenario);
        let outcome = stage.run(&logs.scenario.chunks, seed);
        let pairs = outcome.error().is_none().then(|| comparable(reply_of(&outcome)));
        let scanned = logs.scan();
        prop_assert_eq!(scanned.pairs, pairs);
        prop_assert_eq!(shown(scanned.history), shown(stage.lookup_text()));
    }
}

/// The same rows in chunks of these sizes; a 0 is a chunk with a header and no row, and one row after it.
fn recut(chunks: &[Chunk], sizes: &[usize]) -> Vec<Chunk> {
    let mut sizes = sizes.iter().copied().cycle();
    let mut cut = Vec::new();
    for Chunk { columns, rows } in chunks {
        let chunk = |rows: &[Vec<Vec<u8>>]| Chunk {
            columns: columns.clone(),
            rows: rows.to_vec(),
        };
        let mut rest = rows.as_slice();
        loop {
            let size = sizes.next().expect("sizes never end");
            if size == 0 {
                cut.push(chunk(&[]));
            }
            let (head, tail) = rest.split_at(rest.len().min(size.max(1)));
            cut.push(chunk(head));
            rest = tail;
            if rest.is_empty() {
                break;
            }
        }
    }
    cut
}

fn pairs_of(scenario: &Scenario, lookup: Option<Vec<u8>>) -> Option<BTreeMap<Pair, Vec<Times>>> {
    History::read(&lookup?, &scenario.options.keys())
        .ok()
        .map(|history| history.pairs())
}

/// Bytes as a failed comparison shows them.
fn shown(text: Option<Vec<u8>>) -> Option<String> {
    text.map(|text| text.escape_ascii().to_string())
}
