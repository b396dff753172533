//! The fields whose values make a pair.

use crate::error::Error;
use crate::pair::MAX_KEY_FIELDS;
use crate::text::escape;
use crate::text::timestamp::TIME_COLUMNS;

/// The fields whose values make a pair: 1 to 5 of them, each once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFields(Vec<String>);

/// The key fields of the default lookup.
pub const DEFAULT_KEY_FIELDS: [&str; 2] = ["bucket_name", "remote_ip"];

/// Fields that the command uses for something else, besides [`TIME_COLUMNS`].
const RESERVED: [&str; 3] = ["_time", "newIP", "count"];

impl KeyFields {
    /// `fields` after `by`, or the default without a `by`.
    ///
    /// # Errors
    /// No field, more than five, one twice, or one that cannot be a key.
    pub fn new(fields: Option<Vec<String>>) -> Result<Self, Error> {
        let Some(fields) = fields else {
            return Ok(Self::default());
        };
        if fields.is_empty() || fields.len() > MAX_KEY_FIELDS {
            return Err(Error::user(format!(
                "by: expected 1 to {MAX_KEY_FIELDS} field names after it, found {}",
                fields.len()
            )));
        }
        for (index, field) in fields.iter().enumerate() {
            check(field, fields.get(..index).unwrap_or_default())?;
        }
        Ok(Self(fields))
    }

    /// The names, in the order in which they were given.
    pub fn names(&self) -> &[String] {
        &self.0
    }

    /// Whether they are those of the default lookup, in any order.
    pub fn are_default(&self) -> bool {
        self.0.len() == DEFAULT_KEY_FIELDS.len()
            && self
                .0
                .iter()
                .all(|name| DEFAULT_KEY_FIELDS.contains(&name.as_str()))
    }
}

impl Default for KeyFields {
    fn default() -> Self {
        Self(DEFAULT_KEY_FIELDS.map(str::to_owned).to_vec())
    }
}

fn check(field: &str, before: &[String]) -> Result<(), Error> {
    let is_time = TIME_COLUMNS
        .iter()
        .any(|(first, last)| [*first, *last].contains(&field));
    let wrong = if before.iter().any(|other| other == field) {
        "it is there twice"
    } else if RESERVED.contains(&field) || is_time {
        "the command uses that name itself"
    } else if field.eq_ignore_ascii_case("by") {
        "by stands once, before the fields"
    } else if field.contains('=') {
        "options stand before by, which must be the last thing"
    } else if field.chars().any(char::is_control) {
        "a field name has no control characters"
    } else if field.contains('\u{feff}') {
        "a byte order mark at the start of the history could not be told from the name"
    } else {
        return Ok(());
    };
    Err(Error::user(format!(
        "by: expected the names of key fields, found {}: {wrong}",
        escape::quoted(field.as_bytes())
    )))
}
