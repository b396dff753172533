//! Files as a test compares them.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

/// The largest file whose bytes are compared; of larger ones, size and time of change are.
const COMPARED_BYTES: u64 = 4 << 20;

/// How long a test waits for a file.
const PATIENCE: Duration = Duration::from_secs(30);

/// Everything below a folder: path, bytes, time of change, mode and inode of each file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Snapshot(BTreeMap<String, State>);

/// One file: equal states mean that it was not written, replaced or given another mode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct State {
    bytes: Option<Vec<u8>>,
    size: u64,
    inode: u64,
    mode: u32,
    owner: (u32, u32),
    modified: (i64, i64),
}

impl State {
    /// The state of the file at `path`.
    pub(crate) fn of(path: &Path) -> Self {
        let metadata = fs::symlink_metadata(path).expect("the file is there");
        // Never through a link: it may lead to a device without an end.
        let small = metadata.is_file() && metadata.len() <= COMPARED_BYTES;
        Self {
            bytes: small.then(|| fs::read(path).unwrap_or_default()),
            size: metadata.len(),
            inode: metadata.ino(),
            mode: metadata.mode() & 0o7777,
            owner: (metadata.uid(), metadata.gid()),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
        }
    }

    /// The permission bits.
    pub(crate) fn mode(&self) -> u32 {
        self.mode
    }

    /// The owner and the group.
    pub(crate) fn owner(&self) -> (u32, u32) {
        self.owner
    }
}

impl Snapshot {
    /// What is below `folder` now.
    pub(crate) fn of(folder: &Path) -> Self {
        let mut states = BTreeMap::new();
        collect(folder, folder, &mut states);
        Self(states)
    }
}

fn collect(root: &Path, folder: &Path, states: &mut BTreeMap<String, State>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() && !path.is_symlink() {
            collect(root, &path, states);
        } else {
            let name = path.strip_prefix(root).expect("below the root");
            states.insert(name.to_string_lossy().into_owned(), State::of(&path));
        }
    }
}

/// Waits until `there`; fails the test where that never comes.
pub(crate) fn wait_until(what: &str, there: impl Fn() -> bool) {
    let started = Instant::now();
    while !there() {
        assert!(started.elapsed() < PATIENCE, "{what}: waited in vain");
        thread::sleep(Duration::from_millis(1));
    }
}

/// The names in a folder, sorted.
pub(crate) fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    let name = |entry: std::io::Result<fs::DirEntry>| entry.expect("an entry").file_name();
    let mut names: Vec<String> = entries
        .map(|entry| name(entry).to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// Copies a folder with all that is in it; does nothing where there is no such folder.
pub(crate) fn copy_tree(from: &Path, to: &Path) {
    if from.is_file() {
        fs::copy(from, to).expect("a file is copied");
        return;
    }
    let Ok(entries) = fs::read_dir(from) else {
        return;
    };
    fs::create_dir_all(to).expect("a folder");
    for entry in entries {
        let entry = entry.expect("an entry");
        copy_tree(&entry.path(), &to.join(entry.file_name()));
    }
}

/// Gives a file a second name; copies it where the file system cannot.
pub(crate) fn link_or_copy(from: &Path, to: &Path) {
    if fs::hard_link(from, to).is_err() {
        fs::copy(from, to).expect("the binary under test is copied");
    }
}

/// Sets the permission bits of a file or folder.
pub(crate) fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("the mode is set");
}

/// Whether this process may do everything, so that missing permissions cannot be shown with it.
pub(crate) fn is_root() -> bool {
    fs::metadata("/proc/self").expect("Linux").uid() == 0
}

/// Whether everybody may go through `folder` and those above it.
pub(crate) fn is_open_to_all(folder: &Path) -> bool {
    let mode = |folder: &Path| fs::metadata(folder).expect("a folder").mode();
    folder.ancestors().all(|folder| mode(folder) & 0o001 != 0)
}
