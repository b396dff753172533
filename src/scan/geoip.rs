//! City and country of an address, from a database in MaxMind's format.

use std::cell::OnceCell;
use std::net::IpAddr;
use std::path::Path;

use maxminddb::{MaxMindDbError, PathElement, Reader};
use serde::Deserialize;

use crate::error::Error;
use crate::text::escape;

/// An open database.
#[derive(Debug)]
pub(super) struct GeoIp {
    /// The file's name for messages.
    name: String,
    reader: Reader<Vec<u8>>,
    /// The first address that could not be looked up, and why.
    failed: OnceCell<String>,
}

impl GeoIp {
    /// Opens the database at `path`.
    ///
    /// # Errors
    /// It is no regular file, cannot be read, or is no such database.
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        let name = escape::escaped(path.as_os_str().as_encoded_bytes());
        let unusable = |cause: &str| {
            Error::environment(format!(
                "the GeoIP database {name} cannot be used: {cause}; name a file in MaxMind's format (.mmdb)"
            ))
        };
        // A device or a pipe may have no end, and the whole database is held in memory.
        let metadata = std::fs::metadata(path).map_err(|cause| unusable(&cause.to_string()))?;
        if !metadata.is_file() {
            return Err(unusable("it is no regular file"));
        }
        let reader = Reader::open_readfile(path).map_err(|cause| unusable(&in_words(&cause)))?;
        Ok(Self {
            name,
            reader,
            failed: OnceCell::new(),
        })
    }

    /// The warning about look-ups that failed.
    pub(super) fn warning(&self) -> Option<String> {
        let failed = self.failed.get()?;
        Some(format!(
            "the GeoIP database {} is damaged, and places are missing; the first: {failed}; fetch it anew",
            self.name
        ))
    }

    /// City and country in English; empty where the database has none, or `address` is no address.
    pub(super) fn place(&self, address: &[u8]) -> (String, String) {
        let address = std::str::from_utf8(address)
            .ok()
            .and_then(|text| text.parse().ok());
        let name = |field| {
            address
                .and_then(|address| self.name(address, field))
                .unwrap_or_default()
        };
        (name("city"), name("country"))
    }

    fn name(&self, address: IpAddr, field: &str) -> Option<String> {
        let found = self.reader.lookup(address);
        match found.and_then(|found| found.decode_path(&[PathElement::Key(field)])) {
            Ok(name) => name.and_then(Name::in_english),
            // An IPv6 address, in a database of IPv4.
            Err(MaxMindDbError::InvalidInput { .. }) => None,
            Err(cause) => {
                let failed = || format!("{address}: {}", in_words(&cause));
                self.failed.get_or_init(failed);
                None
            }
        }
    }
}

/// A city or a country: with names in some languages, as MaxMind's own databases have it, or one name, as others do.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Name {
    Plain(String),
    InLanguages {
        #[serde(default)]
        names: Names,
    },
}

/// Names by language.
#[derive(Debug, Default, Deserialize)]
struct Names {
    en: Option<String>,
}

impl Name {
    fn in_english(self) -> Option<String> {
        match self {
            Self::Plain(name) => Some(name),
            Self::InLanguages { names } => names.en,
        }
    }
}

/// Escaped, since the message may quote what a damaged database says.
fn in_words(cause: &MaxMindDbError) -> String {
    escape::escaped(cause.to_string().as_bytes())
}
