//! The properties of the fuzz targets on the corpus and on seeded mutations of it: what `make fuzz` does for minutes
//! with a nightly compiler and libFuzzer, in seconds and on any compiler.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failed expectation is a failed test, with its line"
)]

#[path = "../fuzz/src/lib.rs"]
mod checks;
mod support;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use checks::{Check, TARGETS};
use support::Dice;

/// Mutations for each target.
const MUTATIONS: usize = 1500;

/// Texts that grammars turn on.
const TOKENS: [&[u8]; 16] = [
    b"\"",
    b"\"\"",
    b",",
    b"\n",
    b"\r\n",
    b"\r",
    b"$",
    b";",
    b"\0",
    b" - ",
    b"@",
    b"-",
    b"253402300800",
    b"\xff",
    b"\xef\xbb\xbf",
    b" HTTP/1.1\" 403 - 1 1 1 1 ",
];

/// The files of a target's corpus, by name.
fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(target);
    let mut seeds: Vec<_> = fs::read_dir(folder)
        .expect("every target has a corpus")
        .map(|entry| entry.unwrap())
        .map(|entry| {
            (
                entry.file_name().into_string().unwrap(),
                fs::read(entry.path()).unwrap(),
            )
        })
        .collect();
    seeds.sort();
    seeds
}

/// A few changes anywhere: a byte, a token, a cut, a repetition, a piece of another seed.
fn mutated(seeds: &[(String, Vec<u8>)], dice: &mut Dice) -> Vec<u8> {
    let mut data = dice.pick(seeds).1.clone();
    for _ in 0..dice.between(1, 4) {
        let from = dice.between(0, data.len());
        let to = dice.between(from, data.len().min(from + 16));
        let piece = match dice.between(0, 4) {
            0 => vec![dice.next() as u8],
            1 => dice.pick(&TOKENS).to_vec(),
            2 => Vec::new(),
            3 => data[from..to].repeat(2),
            _ => {
                let other = &dice.pick(seeds).1;
                let start = dice.between(0, other.len());
                other[start..dice.between(start, other.len())].to_vec()
            }
        };
        data.splice(from..to, piece);
    }
    data
}

fn holds(check: Check, data: &[u8], name: &str) {
    if catch_unwind(AssertUnwindSafe(|| check(data))).is_err() {
        panic!(
            "{name}: the property does not hold for b\"{}\"",
            data.escape_ascii()
        );
    }
}

fn replay(target: &str) {
    let (_, check) = *TARGETS
        .iter()
        .find(|(name, _)| *name == target)
        .expect("a target");
    let seeds = corpus(target);
    for (name, data) in &seeds {
        holds(check, data, name);
    }
    let mut dice = Dice::new(5);
    for number in 0..MUTATIONS {
        holds(
            check,
            &mutated(&seeds, &mut dice),
            &format!("mutation {number}"),
        );
    }
}

macro_rules! targets {
    ($($target:ident),*) => {
        $(
            #[test]
            fn $target() {
                replay(stringify!($target));
            }
        )*

        #[test]
        fn every_target_is_replayed_and_has_a_corpus() {
            let names = [$(stringify!($target)),*];
            assert!(TARGETS.iter().map(|(name, _)| *name).eq(names));
            assert!(names.iter().all(|name| !corpus(name).is_empty()));
        }
    };
}

targets!(
    access_lines,
    event_rows,
    frames,
    history_rows,
    info_csv,
    metadata,
    multivalues,
    options,
    relative_times,
    scan_lines,
    timestamps
);
