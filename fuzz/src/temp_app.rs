//! A temporary folder with an app.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// An app's folder with an empty `lookups`.
pub(super) struct TempApp(TempDir);

impl TempApp {
    /// Makes the folder in memory where the machine has a place for that, since the checks flush many files to disk.
    pub(super) fn new() -> Self {
        let memory = Path::new("/dev/shm");
        let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("target");
        let parent = if memory.is_dir() { memory } else { &target };
        let folder = tempfile::Builder::new()
            .prefix("s3newip-fuzz-")
            .tempdir_in(parent);
        let app = Self(folder.expect("a temporary folder"));
        fs::create_dir(app.lookups()).expect("a folder for lookups");
        app
    }

    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(super) fn lookups(&self) -> PathBuf {
        self.path().join("lookups")
    }

    /// The names of the files in `lookups`, sorted.
    pub(super) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.lookups()).expect("the lookups folder is there");
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}
