//! Random searches: options, a history file, and rows in chunks.
//!
//! The simplest choice stands first in every pool, since a failing case is shrunk towards it.

use super::{
    lookups::{Start, start},
    model::{Answer, Chunk, Options, Search},
    pools::NOW,
    rows::chunks,
    typed_options::options,
};
use crate::support::HISTORY;
use proptest::{bool::weighted, prelude::*};
use std::fmt;

/// One search with everything around it.
#[derive(Clone)]
pub(crate) struct Scenario {
    pub(crate) options: Options,
    /// The options as they are typed.
    pub(crate) arguments: String,
    /// The lookup's file name.
    pub(crate) lookup: String,
    pub(crate) preview: bool,
    pub(crate) start: Start,
    pub(crate) chunks: Vec<Chunk>,
}

/// Any search.
pub(crate) fn scenario() -> impl Strategy<Value = Scenario> {
    let lookup = prop_oneof![9 => Just(None), 1 => Just(Some("seen_elsewhere.csv"))];
    (options(), lookup, weighted(0.05), start(), chunks()).prop_map(
        |((options, arguments), lookup, preview, start, chunks)| {
            // Another key needs a lookup of its own.
            let own = (!options.has_default_keys()).then_some("seen_by_another_key.csv");
            let lookup = lookup.or(own);
            Scenario {
                start: start.with_columns(&options.keys()),
                arguments: lookup.map_or(arguments.clone(), |lookup| {
                    format!("lookup={lookup} {arguments}")
                }),
                lookup: lookup.unwrap_or(HISTORY).into(),
                options,
                preview,
                chunks,
            }
        },
    )
}

impl Scenario {
    /// What the search must answer, or why it must refuse its history.
    pub(crate) fn answer(&self) -> Result<Answer, &'static str> {
        let start = self.start.text();
        let search = Search {
            options: &self.options,
            now: NOW,
            preview: self.preview,
            history: start.as_deref(),
            chunks: &self.chunks,
        };
        search.answer()
    }
}

impl fmt::Debug for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "\n  | s3newip {}{}\n  lookup {}: {:?}",
            self.arguments,
            if self.preview { " (preview)" } else { "" },
            self.lookup,
            self.start
        )?;
        self.chunks
            .iter()
            .try_for_each(|chunk| write!(f, "\n  chunk{chunk:?}"))
    }
}
