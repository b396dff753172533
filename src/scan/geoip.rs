//! City and country of an address, from a database in MaxMind's format.

use std::net::IpAddr;
use std::path::Path;

use maxminddb::{PathElement, Reader};

use crate::error::Error;
use crate::shown;

/// An open database.
#[derive(Debug)]
pub(super) struct GeoIp(Reader<Vec<u8>>);

impl GeoIp {
    /// Opens the database at `path`.
    ///
    /// # Errors
    /// The file cannot be read, or is no such database.
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        Reader::open_readfile(path).map(Self).map_err(|cause| {
            Error::environment(format!(
                "the GeoIP database {} cannot be used: {}; name a file in MaxMind's format (.mmdb)",
                shown::escaped(path.as_os_str().as_encoded_bytes()),
                // The words of a broken database may be its own.
                shown::escaped(cause.to_string().as_bytes())
            ))
        })
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
        let path = [
            PathElement::Key(field),
            PathElement::Key("names"),
            PathElement::Key("en"),
        ];
        self.0.lookup(address).ok()?.decode_path(&path).ok()?
    }
}
