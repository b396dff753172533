//! What one row of the search says: which pairs, when, and whether the access succeeded.
//!
//! Where the documented behaviour leaves a choice:
//!
//! - A key field with several values counts once per distinct value; several such fields give every combination, the
//!   first field slowest. Values that are empty, `-`, or hold a NUL byte are left out (a history with a NUL byte would be
//!   refused); a field with no other value makes the row unusable.
//! - `__mv_<field>` is used where it is filled and well formed, else the field's own cell.
//! - `_time` decides where it is filled. Else the first spelling of which both times are filled; where no spelling has
//!   both, the first that has one, for both. The two are put in order. A time that is no number makes the row unusable.
//! - The status of a log line that is `-` is no three-digit number, so the row counts as success.
//! - A log line's bucket, address and requester are their fields' only values. A column that has no value agrees with a
//!   log line that has none.

use super::{model::Options, time};
use std::net::IpAddr;

/// The values of the key fields, in the order of the fields.
pub(crate) type Pair = Vec<Vec<u8>>;

/// The spellings of a pair's first time, best first.
pub(crate) const FIRST: [&str; 3] = ["firstTime", "earliest", "firstTimeSeen"];
/// The spellings of a pair's last time, best first.
pub(crate) const LAST: [&str; 3] = ["lastTime", "latest", "lastTimeSeen"];

/// The bucket owner at the start of every log line that the generator writes.
pub(crate) const OWNER: &str = "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be";

/// A row with the header of its chunk.
#[derive(Clone, Debug)]
pub(crate) struct Row<'a> {
    pub(crate) columns: &'a [String],
    pub(crate) cells: &'a [Vec<u8>],
}

/// A row that can be used.
#[derive(Clone, Debug)]
pub(crate) struct Access {
    pub(crate) pairs: Vec<Pair>,
    pub(crate) first: i64,
    pub(crate) last: i64,
    pub(crate) count: u64,
}

impl Row<'_> {
    /// The cell in the column `name`; empty where the chunk has no such column.
    pub(crate) fn cell(&self, name: &str) -> &[u8] {
        let column = self.columns.iter().position(|column| column == name);
        column.map_or(b"", |column| &self.cells[column])
    }

    /// The value that the row's log line has for the column `name`; `None` where it has no log line, or no such column.
    pub(crate) fn in_line(&self, name: &str) -> Option<&[u8]> {
        let text = std::str::from_utf8(self.cell("_raw")).ok()?;
        let words: Vec<&str> = text.strip_prefix(OWNER)?.split(' ').collect();
        let [_, bucket, _, _, address, ..] = words[..] else {
            return None;
        };
        let operation = words
            .iter()
            .position(|word| word.starts_with("REST.") || word.starts_with("BATCH."))?;
        let start = |word: &str| word.as_ptr() as usize - text.as_ptr() as usize;
        let requester = &text[start(words[5])..start(words[operation - 1]) - 1];
        match name {
            "bucket_name" => Some(bucket.as_bytes()),
            "remote_ip" => Some(address.as_bytes()),
            "requester" => Some(requester.as_bytes()),
            _ => None,
        }
    }

    /// The same where the column does not agree with it.
    pub(crate) fn corrected(&self, name: &str) -> Option<&[u8]> {
        let in_line = self.in_line(name)?;
        let several = multivalue(self.cell(&format!("__mv_{name}")));
        let values = several.unwrap_or(vec![self.cell(name).to_vec()]);
        let is_value = |value: &[u8]| !value.is_empty() && value != b"-";
        let agrees = if is_value(in_line) {
            values == [in_line.to_vec()]
        } else {
            !values.iter().any(|value| is_value(value))
        };
        (!agrees).then_some(in_line)
    }

    /// Whether the row's log line has a value for the column `name` and the row none.
    pub(crate) fn misses(&self, name: &str) -> bool {
        let several = multivalue(self.cell(&format!("__mv_{name}")));
        let values = several.unwrap_or(vec![self.cell(name).to_vec()]);
        let is_value = |value: &[u8]| !value.is_empty() && value != b"-";
        self.in_line(name).is_some_and(is_value) && !values.iter().any(|value| is_value(value))
    }

    /// Whether the row's log line does not say clearly what became of the access.
    pub(crate) fn is_ambiguous(&self) -> bool {
        status_in_log_line(self.cell("_raw")) == Some(b"")
    }

    /// Whether the row tells of a successful access.
    pub(crate) fn succeeded(&self, options: &Options) -> bool {
        let status = status_in_log_line(self.cell("_raw")).unwrap_or(self.cell("http_status"));
        let [class, b'0'..=b'9', b'0'..=b'9'] = status else {
            return true;
        };
        let listed =
            |entry: &String| entry.as_bytes() == status || entry.as_bytes() == [*class, b'x', b'x'];
        !class.is_ascii_digit() || options.statuses().iter().any(listed)
    }

    /// The row's pairs and times, or `None` where it cannot be used.
    pub(crate) fn access(&self, options: &Options) -> Option<Access> {
        let pairs = self.pairs(&options.keys());
        let (first, last) = self.times()?;
        let count = match self.cell("_raw") {
            b"" => std::str::from_utf8(self.cell("count")).unwrap_or_default(),
            _event => "1",
        };
        let count = count.parse().unwrap_or(1);
        (!pairs.is_empty()).then_some(Access {
            pairs,
            first,
            last,
            count,
        })
    }

    fn pairs(&self, keys: &[String]) -> Vec<Pair> {
        let mut pairs: Vec<Pair> = vec![Vec::new()];
        for key in keys {
            let values = self.values(key);
            let with_each = |pair: Pair| {
                values
                    .iter()
                    .map(move |value| [pair.as_slice(), std::slice::from_ref(value)].concat())
            };
            pairs = pairs.into_iter().flat_map(with_each).collect();
        }
        pairs
    }

    fn values(&self, key: &str) -> Vec<Vec<u8>> {
        let several = || multivalue(self.cell(&format!("__mv_{key}")));
        let found = match self.in_line(key) {
            Some(value) => vec![value.to_vec()],
            None => several().unwrap_or(vec![self.cell(key).to_vec()]),
        };
        let mut values = Vec::new();
        for value in found {
            let value = canonical(&value);
            if is_usable(&value) && !values.contains(&value) {
                values.push(value);
            }
        }
        values
    }

    fn times(&self) -> Option<(i64, i64)> {
        if !self.cell("_time").is_empty() {
            let time = time::parse(self.cell("_time"))?;
            return Some((time, time));
        }
        let spellings: Vec<[&[u8]; 2]> = FIRST
            .iter()
            .zip(LAST)
            .map(|(first, last)| [self.cell(first), self.cell(last)])
            .collect();
        let filled = |times: &[&[u8]; 2]| times.iter().filter(|time| !time.is_empty()).count();
        let both = spellings.iter().find(|times| filled(times) == 2);
        let [first, last] = both.or(spellings.iter().find(|times| filled(times) == 1))?;
        let first_or =
            |text: &[u8], other: &[u8]| time::parse(if text.is_empty() { other } else { text });
        let (first, last) = (first_or(first, last)?, first_or(last, first)?);
        Some((first.min(last), first.max(last)))
    }
}

/// Whether a key value can stand for a bucket or an address.
pub(crate) fn is_usable(value: &[u8]) -> bool {
    !value.is_empty() && value != b"-" && !value.contains(&0)
}

/// An address in its one canonical spelling; any other value as it is.
pub(crate) fn canonical(value: &[u8]) -> Vec<u8> {
    let address = std::str::from_utf8(value)
        .ok()
        .and_then(|text| text.parse::<IpAddr>().ok());
    address.map_or(value.to_vec(), |address| {
        address.to_canonical().to_string().into()
    })
}

/// The values in a `__mv_` cell, such as `$a$;$b$$c$` for `a` and `b$c`; `None` where it is empty or malformed.
fn multivalue(cell: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut values = Vec::new();
    let mut rest = cell;
    while !rest.is_empty() {
        rest = rest.strip_prefix(b"$")?;
        let mut value = Vec::new();
        loop {
            match rest {
                [b'$', b'$', after @ ..] => {
                    value.push(b'$');
                    rest = after;
                }
                [b'$', b';', after @ ..] | [b'$', after @ ..] => {
                    rest = after;
                    break;
                }
                [byte, after @ ..] => {
                    value.push(*byte);
                    rest = after;
                }
                [] => return None,
            }
        }
        values.push(value);
    }
    (!values.is_empty()).then_some(values)
}

/// The status in a log line of the generator's making; empty where the line is ambiguous, `None` where `raw` is no log line.
///
/// The request is three words: method, target, and the protocol with the closing quote. A quote in the target changes
/// nothing, since a target has no space. Where the third word is something else, the line may have been forged.
fn status_in_log_line(raw: &[u8]) -> Option<&[u8]> {
    let text = std::str::from_utf8(raw).ok()?.strip_prefix(OWNER)?;
    let operation = [" REST.", " BATCH."]
        .iter()
        .find_map(|prefix| text.find(prefix))?;
    let mut words = text[operation + 1..].split(' ').skip(2);
    if words.next()?.trim_matches('"') != "-" {
        words.next()?;
        if words.next()? != "HTTP/1.1\"" {
            return Some(b"");
        }
    }
    words.next().map(str::as_bytes)
}

#[test]
fn multivalue_cells_are_decoded_as_splunk_writes_them() {
    let cases: [(&str, Option<&[&str]>); 7] = [
        ("", None),
        ("a", None),
        ("$a$", Some(&["a"])),
        ("$a$;$b$", Some(&["a", "b"])),
        ("$$;$b$", Some(&["", "b"])),
        ("$a$$$;$b$", Some(&["a$", "b"])),
        ("$x$$;$$y$;$z$", Some(&["x$;$y", "z"])),
    ];
    for (cell, expected) in cases {
        let expected = expected.map(|values| {
            values
                .iter()
                .map(|value| value.as_bytes().to_vec())
                .collect()
        });
        assert_eq!(multivalue(cell.as_bytes()), expected, "{cell}");
    }
}
