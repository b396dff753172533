//! The allow list: accesses that are learnt and never returned.
//!
//! ```text
//! network,bucket_name,requester,expires,note               all five columns, in any order
//! 203.0.113.0/24,,,2026-12-31,office                       every bucket, every requester
//! ,public-*,-,,anonymous readers                           `*` stands for any text, also for none
//! athena.amazonaws.com,lake,,1798675200,a service by name
//! ```
//!
//! An access is covered where one line allows its network, its bucket and its requester; an empty cell, or `*`, allows any.
//! A requester is compared with the principal, and with the text in the log. A date is valid through that day, UTC; a number
//! of seconds since the epoch until that second.
//!
//! Invariants:
//! - A line that is not understood allows nothing, nor does one that would allow everything; each is named in a warning.
//! - A file that is not such a table is an error: it must not look like an empty list.
//! - Memory and time are bounded: of the file by its size and number of lines, of an access by the lines that its network,
//!   its bucket or its requester names, and those that name none of them plainly. No pattern takes more than linear time.

mod pattern;
mod rule;

use std::collections::HashMap;
use std::io::Read;
use std::net::IpAddr;

use ipnetwork::IpNetwork;

use crate::error::Error;
use crate::network::address_of;
use crate::text::escape::quoted;
use crate::text::timestamp::Timestamp;
use rule::{Cells, Network, Rule};

/// The largest file, in bytes.
pub const MOST_BYTES: usize = 4 << 20;

/// The most lines in it.
pub const MOST_LINES: usize = 10_000;

/// The most lines that warnings name; one more counts the rest.
const MOST_WARNINGS: usize = 20;

/// The columns, all of which must be there.
const COLUMNS: [&str; 5] = ["network", "bucket_name", "requester", "expires", "note"];

/// An access to be looked up.
#[derive(Debug, Clone, Copy)]
pub struct Access<'a> {
    /// The bucket.
    pub bucket: &'a [u8],
    /// The address, or what stands for one.
    pub address: &'a [u8],
    /// The principal as [`crate::principal`] makes it.
    pub principal: &'a [u8],
    /// The requester as logged.
    pub requester: &'a [u8],
}

/// The lines that allow something, by what they ask for first.
#[derive(Debug, Default)]
pub struct AllowList {
    rules: Vec<Rule>,
    /// Of each network that a rule names.
    by_range: HashMap<IpNetwork, Vec<usize>>,
    /// The prefixes that those networks have.
    prefixes_v4: Vec<u8>,
    prefixes_v6: Vec<u8>,
    /// Of each text in place of an address.
    by_name: HashMap<Vec<u8>, Vec<usize>>,
    /// Of rules for any network: by their bucket, or else by their requester, where that has no `*`.
    by_bucket: HashMap<Vec<u8>, Vec<usize>>,
    by_requester: HashMap<Vec<u8>, Vec<usize>>,
    others: Vec<usize>,
    warnings: Vec<String>,
    unnamed: usize,
}

impl AllowList {
    /// Reads a list; `name` is the file's, for messages, and `now` decides what has expired.
    ///
    /// # Errors
    /// The file cannot be read, is too large, or is not a table with these five columns.
    pub fn read(source: impl Read, name: &str, now: Timestamp) -> Result<Self, Error> {
        let place = format!("allow list {}", quoted(name.as_bytes()));
        let text = bounded(source, &place)?;
        let mut reader = csv::ReaderBuilder::new()
            .flexible(true)
            .trim(csv::Trim::All)
            .from_reader(text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&text));
        let header = reader
            .byte_headers()
            .map_err(|cause| unreadable(&place, &cause))?;
        let columns = columns(header, &place)?;
        let mut list = Self::default();
        for (index, record) in reader.byte_records().enumerate() {
            let record = record.map_err(|cause| unreadable(&place, &cause))?;
            if index == MOST_LINES {
                return Err(Error::user(format!(
                    "{place}: expected up to {MOST_LINES} lines, found more: write fewer, broader ones"
                )));
            }
            let line = record.position().map_or(0, csv::Position::line);
            match rule(&record, &columns, now) {
                Ok(Some(rule)) => list.add(rule),
                Ok(None) => {}
                Err(problem) => list.warn(&format!("{place}: line {line}: {problem}")),
            }
        }
        list.warn_of_the_rest(&place);
        Ok(list)
    }

    /// Whether a line covers the access.
    pub fn covers(&self, access: &Access<'_>) -> bool {
        let address = address_of(access.address);
        let named = [
            self.by_bucket.get(access.bucket),
            self.by_requester.get(access.principal),
            self.by_requester.get(access.requester),
            self.by_name.get(access.address),
            Some(&self.others),
        ];
        let named = named.into_iter().flatten().flatten();
        let ranges = address
            .into_iter()
            .flat_map(|address| self.of_address(address));
        named
            .chain(ranges)
            .filter_map(|index| self.rules.get(*index))
            .any(|rule| rule.allows(access))
    }

    /// What is wrong with lines that allow nothing, and what to write instead.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// The rules for networks that this address is in.
    fn of_address(&self, address: IpAddr) -> impl Iterator<Item = &usize> {
        let prefixes = match address {
            IpAddr::V4(_) => &self.prefixes_v4,
            IpAddr::V6(_) => &self.prefixes_v6,
        };
        let ranges = prefixes.iter().filter_map(move |prefix| {
            let range = rule::first_of(IpNetwork::new(address, *prefix).ok()?)?;
            self.by_range.get(&range)
        });
        ranges.flatten()
    }

    fn add(&mut self, rule: Rule) {
        let index = self.rules.len();
        let place = match (
            &rule.network,
            rule.bucket.literal(),
            rule.requester.literal(),
        ) {
            (Network::Range(range), _, _) => {
                self.add_prefix(*range);
                self.by_range.entry(*range).or_default()
            }
            (Network::Name(name), _, _) => self.by_name.entry(name.clone()).or_default(),
            (Network::Any, Some(bucket), _) => self.by_bucket.entry(bucket.to_vec()).or_default(),
            (Network::Any, None, Some(requester)) => {
                self.by_requester.entry(requester.to_vec()).or_default()
            }
            (Network::Any, None, None) => &mut self.others,
        };
        place.push(index);
        self.rules.push(rule);
    }

    fn add_prefix(&mut self, range: IpNetwork) {
        let prefixes = match range {
            IpNetwork::V4(_) => &mut self.prefixes_v4,
            IpNetwork::V6(_) => &mut self.prefixes_v6,
        };
        if !prefixes.contains(&range.prefix()) {
            prefixes.push(range.prefix());
        }
    }

    fn warn(&mut self, warning: &str) {
        if self.warnings.len() < MOST_WARNINGS {
            self.warnings.push(warning.to_owned());
        } else {
            self.unnamed += 1;
        }
    }

    fn warn_of_the_rest(&mut self, place: &str) {
        if self.unnamed > 0 {
            let more = format!(
                "{place}: {} more lines like these allow nothing",
                self.unnamed
            );
            self.warnings.push(more);
        }
    }
}

/// The file's bytes, if they are few enough and their quotes come in pairs: a quote that nothing closes would take in all
/// lines after it.
fn bounded(source: impl Read, place: &str) -> Result<Vec<u8>, Error> {
    let mut text = Vec::new();
    source
        .take(MOST_BYTES as u64 + 1)
        .read_to_end(&mut text)
        .map_err(|cause| unreadable(place, &cause))?;
    if text.len() > MOST_BYTES {
        return Err(Error::user(format!(
            "{place}: expected a file of up to {MOST_BYTES} bytes, found a larger one: remove lines that have expired"
        )));
    }
    if memchr::memchr_iter(b'"', &text).count() % 2 == 1 {
        return Err(Error::user(format!(
            "{place}: expected quotes in pairs, found one that nothing closes: close it, and double quotes within a cell"
        )));
    }
    Ok(text)
}

fn unreadable(place: &str, cause: &dyn std::fmt::Display) -> Error {
    Error::environment(format!("{place}: cannot be read: {cause}"))
}

/// Where the columns stand.
fn columns(header: &csv::ByteRecord, place: &str) -> Result<[usize; 5], Error> {
    let expected = || format!("{place}: expected the columns {}", COLUMNS.join(", "));
    for (index, found) in header.iter().enumerate() {
        let is_known = COLUMNS.iter().any(|column| column.as_bytes() == found);
        if !is_known || header.iter().skip(index + 1).any(|other| other == found) {
            let what = if is_known {
                "twice"
            } else {
                "which is no such column"
            };
            return Err(Error::user(format!(
                "{}, found {}, {what}: rename or remove it",
                expected(),
                quoted(found)
            )));
        }
    }
    let mut columns = [0; 5];
    for (place, column) in columns.iter_mut().zip(COLUMNS) {
        let found = header.iter().position(|found| found == column.as_bytes());
        *place = found.ok_or_else(|| {
            Error::user(format!(
                "{}, found no {column}: add it to the first line",
                expected()
            ))
        })?;
    }
    Ok(columns)
}

/// The rule of a record; `None` where it has expired.
fn rule(
    record: &csv::ByteRecord,
    columns: &[usize; 5],
    now: Timestamp,
) -> Result<Option<Rule>, String> {
    if record.len() != COLUMNS.len() {
        return Err(format!(
            "expected {} cells, found {}: write one for each column; the line allows nothing until then",
            COLUMNS.len(),
            record.len()
        ));
    }
    let [network, bucket, requester, expires, _note] =
        columns.map(|column| record.get(column).unwrap_or_default());
    let cells = Cells {
        network,
        bucket,
        requester,
        expires,
    };
    let rule = Rule::new(&cells, now);
    rule.map_err(|problem| format!("{problem}; the line allows nothing until then"))
}

#[cfg(test)]
mod tests;
