//! What a history must be, byte for byte: a slow and plain second opinion on the merge.

use std::collections::BTreeMap;

/// One access: bucket, address (in canonical form), time.
pub(crate) type Access = (String, String, i64);

/// The header of a model's history.
pub(crate) const HEADER: &str = "bucket_name,remote_ip,firstTime,lastTime\n";

/// The rows of a history whose cells need no quotes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Model(Vec<((String, String), (i64, i64))>);

impl Model {
    /// A history with `count` rows that no test's access is about.
    pub(crate) fn of_length(count: usize) -> Self {
        let row = |n: usize| {
            let key = ("archive".to_owned(), format!("2001:db8:1::{:x}", n + 1));
            (key, (1_600_000_000, 1_600_000_000))
        };
        Self((0..count).map(row).collect())
    }

    /// The rows of `text`; fails the test where it is not a whole, unquoted history.
    pub(crate) fn parse(text: &str) -> Self {
        let rows = text.strip_prefix(HEADER).expect("the header");
        assert!(rows.is_empty() || rows.ends_with('\n'), "torn: {text:?}");
        let row = |line: &str| {
            let cells: Vec<&str> = line.split(',').collect();
            let [bucket, ip, first, last] = cells[..] else {
                panic!("expected four cells, found {line:?}");
            };
            let time = |cell: &str| cell.parse().expect("a time");
            (
                (bucket.to_owned(), ip.to_owned()),
                (time(first), time(last)),
            )
        };
        Self(rows.lines().map(row).collect())
    }

    /// The history after a search with these accesses: known pairs where they stand, new ones at the end, sorted.
    pub(crate) fn learn(&self, accesses: &[Access]) -> Self {
        let mut sightings: BTreeMap<(String, String), (i64, i64)> = BTreeMap::new();
        for (bucket, ip, time) in accesses {
            let seen = sightings
                .entry((bucket.clone(), ip.clone()))
                .or_insert((*time, *time));
            *seen = (seen.0.min(*time), seen.1.max(*time));
        }
        let mut merged = self.clone();
        for (key, times) in &mut merged.0 {
            if let Some((first, last)) = sightings.remove(key) {
                *times = (times.0.min(first), times.1.max(last));
            }
        }
        merged.0.extend(sightings);
        merged
    }

    /// The bytes of the file.
    pub(crate) fn text(&self) -> String {
        let row = |((bucket, ip), (first, last)): &((String, String), (i64, i64))| {
            format!("{bucket},{ip},{first},{last}\n")
        };
        format!("{HEADER}{}", self.0.iter().map(row).collect::<String>())
    }

    /// The times of each pair: equal for histories that say the same, in whatever order.
    pub(crate) fn times(&self) -> BTreeMap<(String, String), (i64, i64)> {
        let times: BTreeMap<_, _> = self.0.iter().cloned().collect();
        assert_eq!(times.len(), self.0.len(), "a pair has two rows");
        times
    }
}
