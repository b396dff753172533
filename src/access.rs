//! One row of a search's results: the pairs it is about, when, and whether the access succeeded.
//!
//! The rules, in the order in which they are asked:
//!
//! ```text
//! time     _time; else firstTime/lastTime, earliest/latest or firstTimeSeen/lastTimeSeen (rows of stats and tstats)
//! pairs    the key fields; a multivalue field counts once a value; empty or "-" is no value
//! success  the status in _raw where that is an S3 access log line, else http_status; what is ambiguous, absent or no
//!          three-digit number is a success: an attacker who hides the status must not hide the access
//! count    1 where there is a _raw, which makes the row an event; else the count column where it is a whole number, else 1
//! ```

use std::borrow::Cow;
use std::fmt;

use crate::accesslog::{self, HttpStatus};
use crate::csv::{Header, MULTIVALUE_PREFIX, Record, decoded, multivalues, quoted};
use crate::pair;
use crate::rules::StatusList;
use crate::text::escape;
use crate::text::timestamp::{TIME_COLUMNS, Timestamp};

/// The longest key value, in bytes: far beyond the names of buckets and addresses, and short enough that a row of the
/// history, with all its quotes, can be read back.
pub const MAX_KEY_BYTES: usize = 1 << 20;

/// The most pairs that one row may stand for through multivalue key fields.
pub const MAX_PAIRS_PER_ROW: usize = 10_000;

/// The most bytes that the values of these pairs may have together.
pub const MAX_PAIR_BYTES_PER_ROW: usize = 16 << 20;

/// What a row says besides its pairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Access {
    /// The first time it stands for.
    pub first: Timestamp,
    /// The last time it stands for.
    pub last: Timestamp,
    /// Whether it counts as a successful access.
    pub success: bool,
    /// How many events it stands for.
    pub count: u64,
}

/// Why a row cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unusable {
    /// No time, or none that is a decimal epoch time before the year 10000.
    Time,
    /// The key field with this number (from 0) is missing, empty or `-`.
    Key(usize),
    /// The key field with this number (from 0) holds a NUL byte, which no lookup can keep.
    Nul(usize),
    /// The key field with this number (from 0) is longer than [`MAX_KEY_BYTES`].
    TooLong(usize),
    /// More than [`MAX_PAIRS_PER_ROW`] pairs, or more than [`MAX_PAIR_BYTES_PER_ROW`] bytes of them.
    TooManyPairs,
}

impl Unusable {
    /// The reason in words, `keys` being the names of the key fields.
    pub fn describe(self, keys: &[String]) -> impl fmt::Display {
        let name = |index: usize| {
            let name = keys.get(index).map_or("?", String::as_str);
            escape::escaped(name.as_bytes())
        };
        match self {
            Self::Time => "no usable _time".to_owned(),
            Self::Key(index) => format!("no {}", name(index)),
            Self::Nul(index) => format!("a NUL byte in {}", name(index)),
            Self::TooLong(index) => format!("more than {MAX_KEY_BYTES} bytes in {}", name(index)),
            Self::TooManyPairs => format!(
                "more than {MAX_PAIRS_PER_ROW} pairs, or {} MB of them, in one row",
                MAX_PAIR_BYTES_PER_ROW >> 20
            ),
        }
    }
}

/// A field's column and its multivalue twin.
#[derive(Debug, Clone, Copy, Default)]
struct Field {
    plain: Option<usize>,
    multivalue: Option<usize>,
}

impl Field {
    fn find(header: &Header, name: &[u8]) -> Self {
        Self {
            plain: header.position(name),
            multivalue: header.position(&[MULTIVALUE_PREFIX, name].concat()),
        }
    }

    /// The usable ones of the field's values in `record` as texts of a pair, each once. `index` is its number among the
    /// key fields.
    ///
    /// # Errors
    /// There is none, why the first one cannot be used; or there are too many.
    fn texts(self, record: &Record<'_>, index: usize) -> Result<Vec<Vec<u8>>, Unusable> {
        let twin = cell(record, self.multivalue);
        if !twin.is_empty() && multivalues(&twin).all(|value| value.is_some()) {
            distinct_texts(multivalues(&twin).flatten(), index)
        } else {
            distinct_texts([cell(record, self.plain)], index)
        }
    }

    /// The field's value, where it has one value.
    fn single<'a>(self, record: &Record<'a>) -> Option<Cow<'a, [u8]>> {
        let twin = self.multivalue.map_or(b"".as_slice(), |at| record.raw(at));
        twin.is_empty().then(|| cell(record, self.plain))
    }
}

/// The decoded cell in `column`; empty where there is none.
fn cell<'a>(record: &Record<'a>, column: Option<usize>) -> Cow<'a, [u8]> {
    column.map_or(Cow::Borrowed(b""), |at| decoded(record.raw(at)))
}

/// Where the columns of one header are that say what a row is about.
#[derive(Debug)]
pub struct AccessColumns {
    keys: Vec<Field>,
    time: Option<usize>,
    spans: [(Option<usize>, Option<usize>); TIME_COLUMNS.len()],
    raw: Option<usize>,
    http_status: Option<usize>,
    count: Option<usize>,
}

impl AccessColumns {
    /// Finds the columns in `header`, `keys` being the names of the key fields.
    pub fn find(header: &Header, keys: &[String]) -> Self {
        let position = |name: &str| header.position(name.as_bytes());
        let spans = TIME_COLUMNS.map(|(first, last)| (position(first), position(last)));
        Self {
            keys: keys
                .iter()
                .map(|name| Field::find(header, name.as_bytes()))
                .collect(),
            time: position("_time"),
            spans,
            raw: position("_raw"),
            http_status: position("http_status"),
            count: position("count"),
        }
    }

    /// Reads `record`; the texts of its pairs are added to `pairs`.
    ///
    /// # Errors
    /// Why the row cannot be used; nothing is added then.
    pub fn read(
        &self,
        record: &Record<'_>,
        success: &StatusList,
        pairs: &mut PairTexts,
    ) -> Result<Access, Unusable> {
        let (first, last) = self.times(record).ok_or(Unusable::Time)?;
        let before = pairs.len();
        self.pairs(record, pairs)
            .inspect_err(|_| pairs.truncate(before))?;
        Ok(Access {
            first,
            last,
            success: self.succeeded(record, success),
            count: self.count(record),
        })
    }

    fn times(&self, record: &Record<'_>) -> Option<(Timestamp, Timestamp)> {
        let time = cell(record, self.time);
        if !time.is_empty() {
            let time = Timestamp::parse(&time)?;
            return Some((time, time));
        }
        let span = |both: bool| {
            self.spans.iter().find_map(|(first, last)| {
                let (first, last) = (cell(record, *first), cell(record, *last));
                let filled = [&first, &last]
                    .iter()
                    .filter(|cell| !cell.is_empty())
                    .count();
                (filled == 2 || (!both && filled == 1)).then_some((first, last))
            })
        };
        let (first, last) = span(true).or_else(|| span(false))?;
        let either = if first.is_empty() { &last } else { &first };
        let first = Timestamp::parse(either)?;
        let last = if last.is_empty() {
            first
        } else {
            Timestamp::parse(&last)?
        };
        Some((first.min(last), first.max(last)))
    }

    /// The row's pairs: nearly always one.
    fn pairs(&self, record: &Record<'_>, pairs: &mut PairTexts) -> Result<(), Unusable> {
        let before = pairs.len();
        for (index, field) in self.keys.iter().enumerate() {
            match field.single(record) {
                Some(value) => pairs.push_value(usable(&value, index)?),
                None => {
                    pairs.truncate(before);
                    return self.multivalue_pairs(record, pairs);
                }
            }
        }
        pairs.end();
        Ok(())
    }

    /// Every combination of the values of the key fields, each value once.
    fn multivalue_pairs(&self, record: &Record<'_>, pairs: &mut PairTexts) -> Result<(), Unusable> {
        let bytes = |texts: &[Vec<u8>]| texts.iter().map(Vec::len).sum::<usize>();
        let mut texts = vec![Vec::new()];
        for (index, field) in self.keys.iter().enumerate() {
            let values = field.texts(record, index)?;
            let combined = bytes(&texts) * values.len() + bytes(&values) * texts.len();
            if texts.len() * values.len() > MAX_PAIRS_PER_ROW || combined > MAX_PAIR_BYTES_PER_ROW {
                return Err(Unusable::TooManyPairs);
            }
            texts = texts
                .iter()
                .flat_map(|text| {
                    values
                        .iter()
                        .map(move |value| [text.as_slice(), value].concat())
                })
                .collect();
        }
        for text in texts {
            pairs.push_text(&text);
        }
        Ok(())
    }

    fn succeeded(&self, record: &Record<'_>, success: &StatusList) -> bool {
        let raw = self.raw(record);
        let in_raw = match quoted(raw) {
            Some(quoted) => accesslog::http_status_doubled(quoted),
            None => accesslog::http_status(raw),
        };
        match in_raw {
            Some(status) => is_success(status, success),
            None => three_digits(&cell(record, self.http_status))
                .is_none_or(|code| success.contains(code)),
        }
    }

    /// The cell of _raw as it stands; empty where there is none.
    fn raw<'a>(&self, record: &Record<'a>) -> &'a [u8] {
        self.raw.map_or(b"", |at| record.raw(at))
    }

    fn count(&self, record: &Record<'_>) -> u64 {
        // Whatever count an extraction finds in an event's URL.
        let raw = self.raw(record);
        if !quoted(raw).unwrap_or(raw).is_empty() {
            return 1;
        }
        let text = cell(record, self.count);
        std::str::from_utf8(&text)
            .ok()
            .and_then(|text| text.parse().ok())
            .unwrap_or(1)
    }
}

/// `value`, of the key field with number `index`, where it can be a key.
///
/// # Errors
/// Why it cannot.
pub fn usable(value: &[u8], index: usize) -> Result<&[u8], Unusable> {
    match value {
        value if !pair::is_value(value) => Err(Unusable::Key(index)),
        value if memchr::memchr(0, value).is_some() => Err(Unusable::Nul(index)),
        value if value.len() > MAX_KEY_BYTES => Err(Unusable::TooLong(index)),
        value => Ok(value),
    }
}

/// The usable ones of `values` as texts of a pair, each once; see [`Field::texts`].
fn distinct_texts<V: AsRef<[u8]>>(
    values: impl IntoIterator<Item = V>,
    index: usize,
) -> Result<Vec<Vec<u8>>, Unusable> {
    let mut texts: Vec<Vec<u8>> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    let mut reason = None;
    for value in values {
        match usable(value.as_ref(), index) {
            Ok(value) => {
                let mut text = Vec::new();
                pair::push_value(&mut text, value);
                if seen.insert(text.clone()) {
                    texts.push(text);
                }
            }
            Err(why) => {
                reason.get_or_insert(why);
            }
        }
        if texts.len() > MAX_PAIRS_PER_ROW {
            return Err(Unusable::TooManyPairs);
        }
    }
    if texts.is_empty() {
        Err(reason.unwrap_or(Unusable::Key(index)))
    } else {
        Ok(texts)
    }
}

/// Whether a log line with this status counts as a success: an attacker who hides the status must not hide the access.
pub fn is_success(status: HttpStatus, success: &StatusList) -> bool {
    match status {
        HttpStatus::Code(code) => success.contains(code),
        HttpStatus::Absent | HttpStatus::Ambiguous => true,
    }
}

fn three_digits(text: &[u8]) -> Option<u16> {
    match text {
        [a, b, c] if text.iter().all(u8::is_ascii_digit) => Some(
            [a, b, c]
                .iter()
                .fold(0, |code, digit| code * 10 + u16::from(*digit - b'0')),
        ),
        _ => None,
    }
}

/// The texts of pairs, in one buffer that is used again for the next rows.
#[derive(Debug, Default)]
pub struct PairTexts {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl PairTexts {
    /// Forgets all of them.
    pub fn clear(&mut self) {
        self.truncate(0);
    }

    /// Forgets those from number `count` (from 0) on, and the one being written.
    pub fn truncate(&mut self, count: usize) {
        self.ends.truncate(count);
        self.bytes.truncate(self.start(count));
    }

    /// Adds a value to the pair being written.
    pub fn push_value(&mut self, value: &[u8]) {
        pair::push_value(&mut self.bytes, value);
    }

    /// Ends the pair being written.
    pub fn end(&mut self) {
        self.ends.push(self.bytes.len());
    }

    fn push_text(&mut self, text: &[u8]) {
        self.bytes.extend_from_slice(text);
        self.end();
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The bytes of all of them together.
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// The text with this number (from 0); empty where there is none.
    #[inline]
    pub fn get(&self, number: usize) -> &[u8] {
        let end = self.ends.get(number).copied().unwrap_or_default();
        self.bytes.get(self.start(number)..end).unwrap_or_default()
    }

    /// Where the text with this number begins.
    fn start(&self, number: usize) -> usize {
        let before = number.checked_sub(1);
        before.map_or(0, |before| {
            self.ends.get(before).copied().unwrap_or_default()
        })
    }
}
