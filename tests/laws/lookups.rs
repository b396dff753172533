//! Random history files: three spellings of the times, extra columns, duplicates, unusual line ends, and broken ones.

use super::{
    pools::{address, bucket, time_text, word},
    row::{FIRST, LAST},
    table::{self, Cell, Line},
};
use proptest::{bool::weighted, collection::vec, option, prelude::*, sample::select};
use std::{collections::BTreeMap, fmt};

/// What the lookups folder holds before the search.
#[derive(Clone)]
pub(crate) enum Start {
    Nothing,
    /// Only the `.csv.default` that the app ships.
    Default(Draft),
    Lookup(Draft),
}

/// A history file before it is written down.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    columns: Vec<String>,
    rows: Vec<BTreeMap<&'static str, Vec<u8>>>,
    style: Style,
    damage: Option<Damage>,
}

#[derive(Clone, Copy, Debug)]
struct Style {
    bom: bool,
    crlf: bool,
    final_newline: bool,
    /// Which cells are quoted without need, and after which rows a blank line stands: those at a multiple.
    quoted_every: usize,
    blank_every: usize,
}

#[derive(Clone, Copy, Debug)]
enum Damage {
    MissingColumn,
    ShortRow,
    LongRow,
    WordForTime,
    Nul,
    LoneCr,
    OpenQuote,
}

/// Any state of the lookups folder.
pub(crate) fn start() -> impl Strategy<Value = Start> {
    prop_oneof![
        1 => Just(Start::Nothing),
        1 => draft().prop_map(Start::Default),
        8 => draft().prop_map(Start::Lookup),
    ]
}

fn draft() -> impl Strategy<Value = Draft> {
    let spellings: &[&[&str]] = &[
        &["firstTime", "lastTime"],
        &["earliest", "latest"],
        &["firstTimeSeen", "lastTimeSeen"],
        &["firstTime", "lastTime", "earliest", "latest"],
        &["earliest", "latest", "firstTimeSeen", "lastTimeSeen"],
        &["firstTime", "latest"],
        &["earliest"],
        &["lastTime"],
        &[],
    ];
    let extra: &[&[&str]] = &[
        &[],
        &["City"],
        &["City", "note"],
        &["__mv_remote_ip", "requester"],
    ];
    let columns =
        (select(spellings.to_vec()), select(extra.to_vec())).prop_map(|(times, extra)| {
            let columns = ["bucket_name", "remote_ip"]
                .iter()
                .chain(times)
                .chain(extra);
            columns
                .map(|name| name.to_string())
                .collect::<Vec<String>>()
        });
    let damage = select(
        &[
            Damage::MissingColumn,
            Damage::ShortRow,
            Damage::LongRow,
            Damage::WordForTime,
            Damage::Nul,
            Damage::LoneCr,
            Damage::OpenQuote,
        ][..],
    );
    (
        columns.prop_shuffle(),
        vec(row(), 0..16),
        style(),
        option::weighted(0.08, damage),
    )
        .prop_map(|(columns, rows, style, damage)| Draft {
            columns,
            rows,
            style,
            damage,
        })
}

fn style() -> impl Strategy<Value = Style> {
    let flags = (weighted(0.1), weighted(0.2), weighted(0.8));
    (
        flags,
        select(&[0, 1, 2, 3][..]),
        select(&[0, 0, 0, 1, 3][..]),
    )
        .prop_map(
            |((bom, crlf, final_newline), quoted_every, blank_every)| Style {
                bom,
                crlf,
                final_newline,
                quoted_every,
                blank_every,
            },
        )
}

fn row() -> impl Strategy<Value = BTreeMap<&'static str, Vec<u8>>> {
    let time = || prop_oneof![4 => time_text(), 1 => word(&[""])];
    let pools: [(&str, &[&str]); 4] = [
        ("City", &["", "Berlin", "Porto, PT", "two\nlines"]),
        ("note", &["", "say \"hi\"", "\u{e9}"]),
        (
            "requester",
            &[
                "arn:aws:iam::111122223333:user/reader",
                "",
                "svc:s3.amazonaws.com",
            ],
        ),
        ("__mv_remote_ip", &[""]),
    ];
    let words: Vec<_> = pools
        .into_iter()
        .map(|(name, pool)| word(pool).prop_map(move |word| (name, word)))
        .collect();
    (bucket(), address(), [(); 6].map(|()| time()), words).prop_map(
        |(bucket, address, times, words)| {
            let times = FIRST.into_iter().chain(LAST).zip(times);
            let keys = [("bucket_name", bucket), ("remote_ip", address)];
            keys.into_iter().chain(times).chain(words).collect()
        },
    )
}

impl Start {
    /// The same, with a column for each of `keys`, unless the file is damaged in just that.
    pub(crate) fn with_columns(mut self, keys: &[String]) -> Start {
        let (Start::Default(draft) | Start::Lookup(draft)) = &mut self else {
            return self;
        };
        let missing: Vec<String> = keys
            .iter()
            .filter(|key| !draft.columns.contains(key))
            .cloned()
            .collect();
        draft.columns.extend(missing);
        if matches!(draft.damage, Some(Damage::MissingColumn)) {
            draft.columns.retain(|column| *column != keys[0]);
        }
        self
    }

    /// The history that a search starts from.
    pub(crate) fn text(&self) -> Option<Vec<u8>> {
        match self {
            Start::Nothing => None,
            Start::Default(draft) | Start::Lookup(draft) => Some(draft.text()),
        }
    }
}

impl Draft {
    /// A file without anything unusual.
    pub(crate) fn plain(columns: &[&str], rows: Vec<BTreeMap<&'static str, Vec<u8>>>) -> Draft {
        let columns = columns.iter().map(|column| column.to_string()).collect();
        let style = Style {
            bom: false,
            crlf: false,
            final_newline: true,
            quoted_every: 0,
            blank_every: 0,
        };
        Draft {
            columns,
            rows,
            style,
            damage: None,
        }
    }

    /// The file's bytes.
    pub(crate) fn text(&self) -> Vec<u8> {
        let ending: &[u8] = if self.style.crlf { b"\r\n" } else { b"\n" };
        let line = |cells| Line {
            cells,
            ending: ending.to_vec(),
        };
        let columns = self.columns.iter().map(|column| column.as_bytes().to_vec());
        let mut lines = vec![line(self.cells(columns.collect(), 0))];
        for (number, row) in self.rows.iter().enumerate() {
            let values = self
                .columns
                .iter()
                .map(|column| row[column.as_str()].clone());
            lines.push(line(self.cells(values.collect(), number + 1)));
            if is_multiple(number + 1, self.style.blank_every) {
                lines.push(line(Vec::new()));
            }
        }
        self.damage_lines(&mut lines);
        if let (false, Some(last)) = (self.style.final_newline, lines.last_mut()) {
            last.ending.clear();
        }
        let bom: &[u8] = if self.style.bom { b"\xef\xbb\xbf" } else { b"" };
        [bom, &table::join(&lines)].concat()
    }

    fn cells(&self, values: Vec<Vec<u8>>, row: usize) -> Vec<Cell> {
        let cell = |(column, value): (usize, Vec<u8>)| {
            let mut cell = Cell::written(&value);
            if is_multiple(column + row + 1, self.style.quoted_every) {
                cell.raw = table::quoted(&value);
            }
            cell
        };
        values.into_iter().enumerate().map(cell).collect()
    }

    /// Does the damage in the middle of the file, an open quote at its end.
    fn damage_lines(&self, lines: &mut Vec<Line>) {
        let Some(damage) = self.damage else { return };
        let header = lines[0].clone();
        let width = header.cells.len();
        let cells = |text: &[u8], count: usize| {
            vec![
                Cell {
                    raw: text.to_vec(),
                    value: text.to_vec()
                };
                count
            ]
        };
        let cells = match damage {
            Damage::MissingColumn => return,
            Damage::ShortRow => cells(b"1", width - 1),
            Damage::LongRow => cells(b"1", width + 1),
            Damage::WordForTime => cells(b"yesterday", width),
            Damage::Nul => cells(b"\0", width),
            Damage::LoneCr => cells(b"1\r2", width),
            Damage::OpenQuote => cells(b"\"1", 1),
        };
        let place = if matches!(damage, Damage::OpenQuote) {
            lines.len()
        } else {
            1 + lines.len() / 2
        };
        lines.insert(
            place,
            Line {
                cells,
                ending: header.ending,
            },
        );
    }
}

/// Whether `number` is a multiple of `step`; nothing is a multiple of 0.
fn is_multiple(number: usize, step: usize) -> bool {
    step > 0 && number.is_multiple_of(step)
}

impl fmt::Debug for Start {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Start::Nothing => write!(f, "none"),
            Start::Default(draft) => write!(f, "default \"{}\"", draft.text().escape_ascii()),
            Start::Lookup(draft) => write!(f, "\"{}\"", draft.text().escape_ascii()),
        }
    }
}
