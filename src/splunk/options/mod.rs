//! The command's options: the arguments of `| s3newip`, checked before the first row.
//!
//! ```text
//! s3newip [lookup=<file>.csv] [window=<relative time>] [new=window|unseen] [status=<list>]
//!         [output=events|pairs|all] [maxevents=<int>] [update=<bool>] [seed=<bool>] [publish=auto|file|rest]
//!         [by <field> ...]
//! ```
//!
//! splunkd hands over the arguments with their outer quotes removed; `b = "two"` arrives as three of them, and commas
//! between arguments are dropped by SPL, so that an unquoted `status=2xx,304` arrives as `status=2xx` and `304`.

mod arguments;
mod error;
mod lookup_name;
mod names;
mod values;

use crate::error::Error;
use crate::reltime::{RelativeTime, Zone};
use crate::rules::{
    DEFAULT_KEY_FIELDS, DEFAULT_LOOKUP, DEFAULT_WINDOW, KeyFields, NewRule, Output, StatusList,
    whole_number,
};
use crate::text::escape;
use crate::text::timestamp::Timestamp;
use arguments::Arguments;
use error::OptionError;

pub use lookup_name::LookupName;
pub use values::Publish;

/// The values of all options, given or default.
#[derive(Debug, Clone)]
pub struct Options {
    /// The lookup's file name.
    pub lookup: LookupName,
    /// The threshold of newness, relative to the search's now().
    pub window: RelativeTime,
    /// What makes a pair new.
    pub new: NewRule,
    /// The status codes of successful accesses.
    pub status: StatusList,
    /// Which rows are returned.
    pub output: Output,
    /// The most events returned for each new pair; 0 = all.
    pub max_events: u32,
    /// Whether the history is written.
    pub update: bool,
    /// Whether the run only fills the history.
    pub seed: bool,
    /// How the history is published.
    pub publish: Publish,
    /// The key fields.
    pub by: KeyFields,
}

/// Key fields as they stand after `by`: in quotes where they are more than letters, digits and underscores.
fn by_clause(by: &KeyFields) -> String {
    let names = by.names().iter().map(|name| {
        let plain = name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if plain {
            name.clone()
        } else {
            escape::quoted(name.as_bytes())
        }
    });
    names.collect::<Vec<_>>().join(" ")
}

impl Options {
    /// Reads the arguments as splunkd hands them over (`searchinfo.args`).
    ///
    /// # Errors
    /// An unknown or repeated option, a bad value, or bad key fields. The message names the option, the value and what is
    /// allowed.
    pub fn parse(args: &[String]) -> Result<Self, Error> {
        let mut given = Arguments::split(args)?;
        let options = Self {
            lookup: given.value("lookup", DEFAULT_LOOKUP)?,
            window: given.parsed("window", DEFAULT_WINDOW, RelativeTime::parse)?,
            new: given.value("new", "window")?,
            status: given.value("status", StatusList::DEFAULT)?,
            output: given.value("output", "events")?,
            max_events: given.parsed("maxevents", "0", whole_number)?,
            update: given.parsed("update", "true", values::boolean)?,
            seed: given.parsed("seed", "false", values::boolean)?,
            publish: given.value("publish", "auto")?,
            by: KeyFields::new(given.by())?,
        };
        options.check_lookup()?;
        Ok(options)
    }

    /// Refuses other key fields than the default with the default lookup: they would write rows without a bucket or an
    /// address into it.
    fn check_lookup(&self) -> Result<(), Error> {
        if self.lookup.as_str() != DEFAULT_LOOKUP || self.by.are_default() {
            return Ok(());
        }
        Err(Error::user(format!(
            "by {}: the default lookup has rows of {}; other key fields need a lookup of their own: add lookup={}",
            by_clause(&self.by),
            DEFAULT_KEY_FIELDS.join(" and "),
            LookupName::for_fields(self.by.names())
        )))
    }

    /// The options that a search needs to learn into the same history, as they stand in a search; empty for the default.
    pub fn of_the_history(&self) -> String {
        let mut text = String::new();
        if self.lookup.as_str() != DEFAULT_LOOKUP {
            text.push_str(&format!(" lookup={}", self.lookup));
        }
        if !self.by.are_default() {
            text.push_str(&format!(" by {}", by_clause(&self.by)));
        }
        text
    }

    /// The threshold of newness for a search at `now`, in epoch seconds.
    ///
    /// # Errors
    /// The window leaves the calendar.
    pub fn threshold(&self, now: i64, zone: &Zone) -> Result<Timestamp, Error> {
        let resolved = self.window.resolve(now, zone);
        let seconds = resolved.map_err(|cause| OptionError::BadValue {
            name: "window",
            value: self.window.to_string(),
            cause: cause.into(),
        })?;
        Ok(Timestamp::from_seconds(seconds))
    }
}
