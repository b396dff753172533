//! The folder in which a scan is run, and log lines to put there.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use tempfile::TempDir;

use crate::process::Scan;
use crate::support::files::names_in;
use crate::support::log_line;

/// The header of a history, with its line feed.
pub(crate) const HEADER: &str = "bucket_name,remote_ip,firstTime,lastTime\n";

/// The epoch seconds of the lines that [`line`] makes: 2023-11-14T22:13:20Z.
pub(crate) const TIME: i64 = 1_700_000_000;

/// A current folder, empty at first; it goes when it is dropped.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("scan-")
            .tempdir_in(env!("CARGO_TARGET_TMPDIR"));
        Self(folder.expect("a temporary folder"))
    }

    /// Puts a file there, with the folders above it.
    pub(crate) fn file(self, name: &str, bytes: impl AsRef<[u8]>) -> Self {
        let path = self.at(name);
        let above = path.parent().expect("a folder");
        fs::create_dir_all(above).expect("the folder is made");
        fs::write(path, bytes).expect("the file is written");
        self
    }

    /// The path of the file `name`.
    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// The text of the file `name`.
    pub(crate) fn text(&self, name: &str) -> String {
        fs::read_to_string(self.at(name)).expect("there is such a file")
    }

    /// The names in it, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        names_in(self.path())
    }

    /// `s3newip scan <arguments>` in this folder.
    pub(crate) fn scan(&self, arguments: &[&str]) -> Scan {
        self.command(&[&["scan"], arguments].concat())
    }

    /// `s3newip <arguments>` in this folder.
    pub(crate) fn command(&self, arguments: &[&str]) -> Scan {
        Scan::new(self.path(), arguments)
    }

    /// `s3newip scan <arguments>` in this folder, started by the words of `wrapper`.
    pub(crate) fn scan_through(&self, wrapper: &[&str], arguments: &[&str]) -> Scan {
        Scan::through(wrapper, self.path(), &[&["scan"], arguments].concat())
    }

    /// The addresses that a scan of `paths` into an empty history shows, in order.
    pub(crate) fn addresses(&self, paths: &[&str]) -> Vec<String> {
        let arguments = [&["--dry-run", "--format", "csv"], paths].concat();
        let found = self.scan(&arguments).run().expect_code(0);
        found.column("src_ip")
    }
}

/// The line of a successful GET at [`TIME`], with its line feed.
pub(crate) fn line(bucket: &str, ip: &str) -> String {
    format!("{}\n", log_line(bucket, ip).text())
}

/// The lines of successful GETs on the bucket "billing" from these addresses.
pub(crate) fn lines(addresses: &[&str]) -> String {
    addresses.iter().map(|ip| line("billing", ip)).collect()
}

/// `bytes` as one gzip member.
pub(crate) fn gzip(bytes: impl AsRef<[u8]>) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes.as_ref()).expect("memory");
    encoder.finish().expect("memory")
}
