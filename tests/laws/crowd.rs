//! A search too big to be held in memory: many pairs, half of them known, and long rows.

use super::{
    generate::Scenario,
    lookups::{Draft, Start},
    model::{Chunk, Options},
    pools::NOW,
    typed_options::arguments,
};
use crate::support::{Dice, HISTORY};
use std::collections::BTreeMap;

const PAIRS: usize = 3000;
/// Rows of other pairs after each row of a known one: the history is several blocks long, as the command reads it.
const OTHERS: usize = 10;
const ROWS: usize = 20_000;
/// Bytes of padding in a row: all rows together are about 80 MB.
const PADDING: usize = 4000;

/// A crowd of events under these options.
pub(crate) fn crowd(options: Options, seed: u64) -> Scenario {
    let mut dice = Dice::new(seed);
    let known = (0..PAIRS)
        .filter(|pair| pair % 2 == 0)
        .flat_map(|pair| [pair].into_iter().chain(others(pair)))
        .map(known_row)
        .collect();
    let draft = Draft::plain(
        &["remote_ip", "bucket_name", "lastTime", "firstTime"],
        known,
    );
    let rows: Vec<Vec<Vec<u8>>> = (0..ROWS).map(|_| event(&mut dice)).collect();
    let columns = ["_time", "bucket_name", "remote_ip", "http_status", "_raw"].map(String::from);
    let chunk = |rows: &[Vec<Vec<u8>>]| Chunk {
        columns: columns.clone().into(),
        rows: rows.into(),
    };
    Scenario {
        arguments: arguments(&options, 0),
        options,
        lookup: HISTORY.into(),
        preview: false,
        start: Start::Lookup(draft),
        chunks: rows.chunks(2500).map(chunk).collect(),
    }
}

/// Pairs that no event is about.
fn others(pair: usize) -> impl Iterator<Item = usize> {
    (0..OTHERS).map(move |other| PAIRS + pair * OTHERS + other)
}

fn known_row(pair: usize) -> BTreeMap<&'static str, Vec<u8>> {
    let [bucket, address] = key(pair);
    let [first, last] = [NOW - 90_000, NOW - 80_000].map(|time| time.to_string().into_bytes());
    BTreeMap::from([
        ("bucket_name", bucket),
        ("remote_ip", address),
        ("firstTime", first),
        ("lastTime", last),
    ])
}

fn event(dice: &mut Dice) -> Vec<Vec<u8>> {
    let [bucket, address] = key(dice.between(0, PAIRS - 1));
    let time = NOW - dice.between(0, 100_000) as i64;
    let status = dice.pick(&["200", "206", "304", "403"]);
    let raw = format!(
        "{}{}",
        dice.next(),
        "x".repeat(dice.between(PADDING / 2, PADDING * 3 / 2))
    );
    vec![
        time.to_string().into(),
        bucket,
        address,
        status.as_bytes().into(),
        raw.into(),
    ]
}

fn key(pair: usize) -> [Vec<u8>; 2] {
    [
        format!("bucket-{}", pair % 7).into(),
        format!("2001:db8::{pair:x}").into(),
    ]
}
