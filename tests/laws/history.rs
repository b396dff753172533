//! The history file: what it says of each pair, and the same file after the sightings of a search.
//!
//! Where the documented behaviour leaves a choice:
//!
//! - The first-time column is `firstTime`, else `earliest`, else `firstTimeSeen`; the last-time column likewise, for
//!   itself. A row's time is that of its first filled cell among these. Only the chosen column is written to and has
//!   its header renamed. A file without one gets it at the end of every line.
//! - A row is touched where the sighting is earlier than its first time, or later than its last time, or where it has no
//!   last time. A first time that is missing stays so. All other bytes stay, quotes and blank lines among them.
//! - Each of several rows of one pair is touched for itself. A row whose key is empty or `-` is kept and is no pair's.
//! - New rows end as the header line does, in LF where it has no ending; they are sorted by their keys, byte by byte.
//! - Nothing to change in any row, and no row to add: the file stays as it is, its header too.
//! - A filled time that is no number makes the file one that is refused.

use super::{
    row::{self, FIRST, LAST, Pair},
    table::{self, Cell, Line},
    time,
};
use std::collections::BTreeMap;

const BOM: &[u8] = b"\xef\xbb\xbf";

/// First and last time, where known.
pub(crate) type Times = (Option<i64>, Option<i64>);

/// A history file in memory, whole.
#[derive(Clone, Debug)]
pub(crate) struct History {
    bom: bool,
    lines: Vec<Line>,
    keys: Vec<usize>,
    /// The columns of the first time under every spelling, best first.
    first: Vec<usize>,
    last: Vec<usize>,
}

/// What a search found out about one pair.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Sighting {
    pub(crate) first: i64,
    pub(crate) last: i64,
}

/// The merged file and what was done to it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Merged {
    pub(crate) text: Vec<u8>,
    pub(crate) added: usize,
    /// Rows that were touched.
    pub(crate) updated: usize,
}

impl History {
    /// The history that `text` holds, or why it is refused.
    pub(crate) fn read(text: &[u8], keys: &[String]) -> Result<History, &'static str> {
        let stripped = text.strip_prefix(BOM);
        let lines = table::split(stripped.unwrap_or(text)).ok_or("no CSV")?;
        let header = lines.first().ok_or("no header")?;
        let column = |name: &str| {
            header
                .cells
                .iter()
                .position(|cell| cell.value == name.as_bytes())
        };
        let lacks = |name: &&str| !keys.iter().any(|key| key == name);
        let pair = ["bucket_name", "remote_ip"];
        if pair.iter().all(|name| column(name).is_some()) && pair.iter().any(lacks) {
            return Err("the history of another key");
        }
        let keys: Option<Vec<usize>> = keys.iter().map(|key| column(key)).collect();
        let history = History {
            bom: stripped.is_some(),
            keys: keys.ok_or("a key column is missing")?,
            first: FIRST.into_iter().filter_map(column).collect(),
            last: LAST.into_iter().filter_map(column).collect(),
            lines: lines.clone(),
        };
        if history
            .rows()
            .any(|line| line.cells.len() != header.cells.len())
        {
            return Err("too few or too many fields");
        }
        let is_time = |cell: &Cell| cell.value.is_empty() || time::parse(&cell.value).is_some();
        let mut times = history.first.iter().chain(&history.last);
        if times.any(|column| !history.rows().all(|line| is_time(&line.cells[*column]))) {
            return Err("a time is no number");
        }
        Ok(history)
    }

    /// The lookup that is created where there is none.
    pub(crate) fn empty(keys: &[String]) -> History {
        let header = [keys.join(","), ",firstTime,lastTime\n".into()].concat();
        History::read(header.as_bytes(), keys).expect("the header is a table")
    }

    /// The times in every row of every pair.
    pub(crate) fn pairs(&self) -> BTreeMap<Pair, Vec<Times>> {
        let mut pairs: BTreeMap<Pair, Vec<Times>> = BTreeMap::new();
        for line in self.rows() {
            if let Some(pair) = self.pair(line) {
                pairs.entry(pair).or_default().push(self.times(line));
            }
        }
        pairs
    }

    /// The file after `sightings`, or `None` where they change nothing.
    pub(crate) fn merged(&self, sightings: &BTreeMap<Pair, Sighting>) -> Option<Merged> {
        let known = self.pairs();
        let new: Vec<&Pair> = sightings
            .keys()
            .filter(|pair| !known.contains_key(*pair))
            .collect();
        let mut after = self.clone();
        after.give_every_line_both_times();
        let (first, last) = (after.first[0], after.last[0]);
        let mut updated = 0;
        for line in after.lines.iter_mut().skip(1) {
            let Some(sighting) = self.pair(line).and_then(|pair| sightings.get(&pair)) else {
                continue;
            };
            let (own_first, own_last) = self.times(line);
            let is_earlier = own_first.is_some_and(|own| sighting.first < own);
            let is_later = own_last.is_none_or(|own| own < sighting.last);
            if is_earlier {
                line.cells[first] = Cell::written(&time::written(sighting.first));
            }
            if is_later {
                line.cells[last] = Cell::written(&time::written(sighting.last));
            }
            updated += usize::from(is_earlier || is_later);
        }
        after.append(&new, sightings);
        let (added, text) = (new.len(), after.text());
        (added + updated > 0).then_some(Merged {
            text,
            added,
            updated,
        })
    }

    /// The lines below the header, without the blank ones.
    pub(crate) fn rows(&self) -> impl Iterator<Item = &Line> {
        self.lines
            .iter()
            .skip(1)
            .filter(|line| !line.cells.is_empty())
    }

    /// The pair of a row; `None` for a blank line and for a row without a usable key.
    fn pair(&self, line: &Line) -> Option<Pair> {
        let value = |column: &usize| {
            line.cells
                .get(*column)
                .map(|cell| row::canonical(&cell.value))
        };
        let pair: Pair = self.keys.iter().map(value).collect::<Option<Pair>>()?;
        pair.iter()
            .all(|value| row::is_usable(value))
            .then_some(pair)
    }

    fn times(&self, line: &Line) -> Times {
        let filled = |columns: &[usize]| {
            columns
                .iter()
                .find_map(|column| time::parse(&line.cells[*column].value))
        };
        (filled(&self.first), filled(&self.last))
    }

    fn give_every_line_both_times(&mut self) {
        for (columns, name) in [(&mut self.first, FIRST[0]), (&mut self.last, LAST[0])] {
            if columns.is_empty() {
                columns.push(self.lines[0].cells.len());
                for line in self.lines.iter_mut().filter(|line| !line.cells.is_empty()) {
                    line.cells.push(Cell::written(b""));
                }
            }
            let header = &mut self.lines[0].cells[columns[0]];
            if header.value != name.as_bytes() {
                *header = Cell::written(name.as_bytes());
            }
        }
    }

    fn append(&mut self, new: &[&Pair], sightings: &BTreeMap<Pair, Sighting>) {
        let header = &self.lines[0];
        let width = header.cells.len();
        let ending = if header.ending.is_empty() {
            b"\n".to_vec()
        } else {
            header.ending.clone()
        };
        for pair in new {
            let mut cells = vec![Cell::written(b""); width];
            for (column, value) in self.keys.iter().zip(*pair) {
                cells[*column] = Cell::written(value);
            }
            cells[self.first[0]] = Cell::written(&time::written(sightings[*pair].first));
            cells[self.last[0]] = Cell::written(&time::written(sightings[*pair].last));
            let before = self.lines.last_mut().expect("there is a header");
            if before.ending.is_empty() {
                before.ending = ending.clone();
            }
            self.lines.push(Line {
                cells,
                ending: ending.clone(),
            });
        }
    }

    fn text(&self) -> Vec<u8> {
        let bom = if self.bom { BOM } else { b"" };
        [bom, &table::join(&self.lines)].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(history: &str, sightings: &[(&str, &str, i64, i64)]) -> Option<String> {
        let keys = ["bucket_name".into(), "remote_ip".into()];
        let seconds = |first, last| Sighting {
            first: first * 1_000_000,
            last: last * 1_000_000,
        };
        let sighting = |(bucket, address, first, last): &(&str, &str, i64, i64)| {
            (
                vec![bucket.as_bytes().to_vec(), address.as_bytes().to_vec()],
                seconds(*first, *last),
            )
        };
        let history = History::read(history.as_bytes(), &keys).unwrap();
        let merged = history.merged(&sightings.iter().map(sighting).collect())?;
        Some(String::from_utf8(merged.text).unwrap())
    }

    #[test]
    fn a_header_alone_gets_its_newline_and_the_new_rows_in_order() {
        let text = after(
            "bucket_name,remote_ip,earliest,latest",
            &[("b", "192.0.2.1", 5, 6), ("a", "192.0.2.9", 7, 7)],
        );
        let expected =
            "bucket_name,remote_ip,firstTime,lastTime\na,192.0.2.9,7,7\nb,192.0.2.1,5,6\n";
        assert_eq!(text.as_deref(), Some(expected));
    }

    #[test]
    fn only_the_times_that_change_are_rewritten() {
        let history = "\"remote_ip\",note,firstTime,lastTime,bucket_name\r\n\"192.0.2.1\",\"x\",010,20.0,a\r\n\r\n-,,,,a";
        assert_eq!(after(history, &[("a", "192.0.2.1", 10, 20)]), None);
        let expected = history.replace("20.0", "21");
        assert_eq!(
            after(history, &[("a", "192.0.2.1", 15, 21)]),
            Some(expected)
        );
    }

    #[test]
    fn a_row_without_times_gets_a_last_time_only() {
        let history = "bucket_name,remote_ip\na,2001:DB8:0::1\nb,192.0.2.1\n";
        let expected =
            "bucket_name,remote_ip,firstTime,lastTime\na,2001:DB8:0::1,,9\nb,192.0.2.1,,\n";
        assert_eq!(
            after(history, &[("a", "2001:db8::1", 8, 9)]).as_deref(),
            Some(expected)
        );
    }

    #[test]
    fn first_time_wins_over_earliest_where_it_is_filled() {
        let history = "bucket_name,remote_ip,earliest,firstTime,lastTime\na,192.0.2.1,10,,20\na,192.0.2.2,10,30,40\n";
        let expected = history
            .replace("10,,20", "10,5,20")
            .replace("10,30,40", "10,20,40");
        assert_eq!(
            after(
                history,
                &[("a", "192.0.2.1", 5, 6), ("a", "192.0.2.2", 20, 20)]
            ),
            Some(expected)
        );
    }
}
