//! A field of a row: its column and its multivalue twin.

use std::borrow::Cow;
use std::collections::HashSet;

use super::row::{MAX_PAIRS_PER_ROW, Unusable, usable};
use crate::csv::{Header, MULTIVALUE_PREFIX, Record, decoded, multivalues};
use crate::pair;

/// A field's column and its multivalue twin.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Field {
    pub(super) plain: Option<usize>,
    pub(super) multivalue: Option<usize>,
}

impl Field {
    pub(super) fn find(header: &Header, name: &[u8]) -> Self {
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
    pub(super) fn texts(self, record: &Record<'_>, index: usize) -> Result<Vec<Vec<u8>>, Unusable> {
        match self.twin(record) {
            Some(twin) => distinct_texts(multivalues(&twin).flatten(), index),
            None => distinct_texts([cell(record, self.plain)], index),
        }
    }

    /// The decoded multivalue twin, where it is filled and well formed.
    pub(super) fn twin<'a>(self, record: &Record<'a>) -> Option<Cow<'a, [u8]>> {
        let twin = cell(record, self.multivalue);
        let has_form = !twin.is_empty() && multivalues(&twin).all(|value| value.is_some());
        has_form.then_some(twin)
    }

    /// The field's value, where it has one value.
    pub(super) fn single<'a>(self, record: &Record<'a>) -> Option<Cow<'a, [u8]>> {
        let twin = self.multivalue.map_or(b"".as_slice(), |at| record.raw(at));
        twin.is_empty().then(|| cell(record, self.plain))
    }
}

/// The decoded cell in `column`; empty where there is no such column.
pub(super) fn cell<'a>(record: &Record<'a>, column: Option<usize>) -> Cow<'a, [u8]> {
    column.map_or(Cow::Borrowed(b""), |at| decoded(record.raw(at)))
}

/// The usable values as texts of a pair, each once; see [`Field::texts`].
pub(super) fn distinct_texts<V: AsRef<[u8]>>(
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
