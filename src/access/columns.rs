//! Accesses out of the rows of a search.

use std::borrow::Cow;

use super::agreement::LINE_COLUMNS;
use super::field::{Field, cell, distinct_texts};
use super::log_line::{LineColumns, LogLine};
use super::row::{Access, MAX_PAIR_BYTES_PER_ROW, MAX_PAIRS_PER_ROW, Unusable, is_success, usable};
use super::texts::PairTexts;
use crate::accesslog::HttpStatus;
use crate::csv::{Header, Record, strip_quotes};
use crate::rules::StatusList;
use crate::text::timestamp::{TIME_COLUMNS, Timestamp};

/// A key field.
#[derive(Debug)]
struct Key {
    field: Field,
    /// The number of the value that a log line has for it.
    in_line: Option<usize>,
}

impl Key {
    fn find(header: &Header, name: &str) -> Self {
        Self {
            field: Field::find(header, name.as_bytes()),
            in_line: LINE_COLUMNS.iter().position(|column| *column == name),
        }
    }

    /// Its value in `line`, where there is a line and that has the field.
    fn in_line<'a>(&self, line: Option<&LogLine<'a>>) -> Option<Cow<'a, [u8]>> {
        Some(line?.value(self.in_line?))
    }
}

/// The columns of one header that an access is read from.
#[derive(Debug)]
pub struct AccessColumns {
    keys: Vec<Key>,
    time: Option<usize>,
    spans: [(Option<usize>, Option<usize>); TIME_COLUMNS.len()],
    line: LineColumns,
    http_status: Option<usize>,
    count: Option<usize>,
}

impl AccessColumns {
    /// Finds the columns in `header`, `keys` being the names of the key fields.
    pub fn find(header: &Header, keys: &[String]) -> Self {
        let position = |name: &str| header.position(name.as_bytes());
        let spans = TIME_COLUMNS.map(|(first, last)| (position(first), position(last)));
        Self {
            keys: keys.iter().map(|name| Key::find(header, name)).collect(),
            time: position("_time"),
            spans,
            line: LineColumns::find(header),
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
        let line = self.line.read(record);
        let line = line.as_ref();
        let before = pairs.len();
        self.pairs(record, line, pairs)
            .inspect_err(|_| pairs.truncate(before))?;
        let status = line.map(LogLine::status);
        Ok(Access {
            first,
            last,
            success: self.succeeded(record, status, success),
            count: self.count(record),
            ambiguous: status == Some(HttpStatus::Ambiguous),
            agreements: line.map_or_else(Default::default, |line| self.line.compare(record, line)),
        })
    }

    /// The columns of the values that log lines have too.
    pub fn line(&self) -> LineColumns {
        self.line
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
    fn pairs(
        &self,
        record: &Record<'_>,
        line: Option<&LogLine<'_>>,
        pairs: &mut PairTexts,
    ) -> Result<(), Unusable> {
        let before = pairs.len();
        for (index, key) in self.keys.iter().enumerate() {
            if let Some(value) = key.in_line(line) {
                pairs.push_value(usable(&value, index)?);
            } else if let Some(value) = key.field.single(record) {
                pairs.push_value(usable(&value, index)?);
            } else {
                pairs.truncate(before);
                return self.multivalue_pairs(record, line, pairs);
            }
        }
        pairs.end();
        Ok(())
    }

    /// Every combination of the values of the key fields, each value once.
    fn multivalue_pairs(
        &self,
        record: &Record<'_>,
        line: Option<&LogLine<'_>>,
        pairs: &mut PairTexts,
    ) -> Result<(), Unusable> {
        let bytes = |texts: &[Vec<u8>]| texts.iter().map(Vec::len).sum::<usize>();
        let mut texts = vec![Vec::new()];
        for (index, key) in self.keys.iter().enumerate() {
            let values = match key.in_line(line) {
                Some(value) => distinct_texts([value], index)?,
                None => key.field.texts(record, index)?,
            };
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

    /// Whether the access succeeded; `in_line` is the status in its log line, where it has one.
    fn succeeded(
        &self,
        record: &Record<'_>,
        in_line: Option<HttpStatus>,
        success: &StatusList,
    ) -> bool {
        match in_line {
            Some(status) => is_success(status, success),
            None => three_digits(&cell(record, self.http_status))
                .is_none_or(|code| success.contains(code)),
        }
    }

    fn count(&self, record: &Record<'_>) -> u64 {
        // An event counts once, whatever an extraction finds in its URL and calls count.
        let raw = self.line.raw(record);
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
