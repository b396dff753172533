//! Accesses out of the rows of a search.

use std::borrow::Cow;
use std::collections::HashSet;

use super::row::{Access, MAX_PAIR_BYTES_PER_ROW, MAX_PAIRS_PER_ROW, Unusable, is_success, usable};
use super::texts::PairTexts;
use crate::accesslog;
use crate::csv::{Header, MULTIVALUE_PREFIX, Record, decoded, multivalues, strip_quotes};
use crate::pair;
use crate::rules::StatusList;
use crate::text::timestamp::{TIME_COLUMNS, Timestamp};

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

    /// The usable values of the field in `record` as texts of a pair, each once. `index` is its number among the key
    /// fields.
    ///
    /// # Errors
    /// Without a usable value, why the first one cannot be used; or there are too many.
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

/// The decoded cell in `column`; empty where there is no such column.
fn cell<'a>(record: &Record<'a>, column: Option<usize>) -> Cow<'a, [u8]> {
    column.map_or(Cow::Borrowed(b""), |at| decoded(record.raw(at)))
}

/// The columns of one header that an access is read from.
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
        let in_raw = match strip_quotes(raw) {
            Some(quoted) => accesslog::http_status_doubled(quoted),
            None => accesslog::http_status(raw),
        };
        match in_raw {
            Some(status) => is_success(status, success),
            None => three_digits(&cell(record, self.http_status))
                .is_none_or(|code| success.contains(code)),
        }
    }

    /// The cell of _raw as CSV; empty where there is no such column.
    fn raw<'a>(&self, record: &Record<'a>) -> &'a [u8] {
        self.raw.map_or(b"", |at| record.raw(at))
    }

    fn count(&self, record: &Record<'_>) -> u64 {
        // An event counts once, whatever an extraction finds in its URL and calls count.
        let raw = self.raw(record);
        if !strip_quotes(raw).unwrap_or(raw).is_empty() {
            return 1;
        }
        let text = cell(record, self.count);
        std::str::from_utf8(&text)
            .ok()
            .and_then(|text| text.parse().ok())
            .unwrap_or(1)
    }
}

/// The usable values as texts of a pair, each once; see [`Field::texts`].
fn distinct_texts<V: AsRef<[u8]>>(
    values: impl IntoIterator<Item = V>,
    index: usize,
) -> Result<Vec<Vec<u8>>, Unusable> {
    let mut texts: Vec<Vec<u8>> = Vec::new();
    let mut seen = HashSet::new();
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
