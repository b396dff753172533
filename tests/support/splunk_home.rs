//! A temporary SPLUNK_HOME with the app installed in it as Splunk would install it.
//!
//! ```text
//! <SPLUNK_HOME>/etc/apps/s3newip/linux_x86_64/bin/s3newip     (bin/s3newip on aarch64)
//! <SPLUNK_HOME>/etc/apps/s3newip/{default,metadata}/          the repository's, where it has them
//! <SPLUNK_HOME>/etc/apps/s3newip/lookups/                     empty until a test puts a history there
//! <SPLUNK_HOME>/var/run/splunk/dispatch/<sid>/info.csv
//! ```

use super::files::{self, Snapshot};
use super::search::Search;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use tempfile::TempDir;

/// The default name of the history.
pub(crate) const HISTORY: &str = "previously_seen_S3_access_from_remote_ip.csv";

/// One search head with the app installed; its folder goes when it is dropped.
pub(crate) struct Splunk {
    home: TempDir,
    searches: AtomicUsize,
}

impl Splunk {
    /// A search head with the app and no history.
    pub(crate) fn new() -> Self {
        let home = tempfile::Builder::new()
            .prefix("splunk-home-")
            .tempdir_in(env!("CARGO_TARGET_TMPDIR"));
        let splunk = Self {
            home: home.expect("a temporary folder"),
            searches: AtomicUsize::new(0),
        };
        for folder in [
            splunk.lookups(),
            splunk.bin(),
            splunk.home().join("var/run/splunk/dispatch"),
        ] {
            fs::create_dir_all(folder).expect("a folder of the app");
        }
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("app");
        for part in ["default", "metadata"] {
            files::copy_tree(&shipped.join(part), &splunk.app().join(part));
        }
        files::link_or_copy(&binary_under_test(), &splunk.binary());
        splunk
    }

    /// Puts `text` where the history is.
    pub(crate) fn history(self, text: impl AsRef<[u8]>) -> Self {
        self.lookup(HISTORY, text)
    }

    /// Puts `text` where the app ships its first history, `<lookup>.csv.default`.
    pub(crate) fn default_history(self, text: impl AsRef<[u8]>) -> Self {
        self.lookup(&format!("{HISTORY}.default"), text)
    }

    /// Puts a file into the app's lookups folder.
    pub(crate) fn lookup(self, name: &str, text: impl AsRef<[u8]>) -> Self {
        fs::write(self.lookups().join(name), text).expect("a lookup is written");
        self
    }

    /// A search `... | s3newip <arguments>`, to be filled with rows and run.
    pub(crate) fn search(&self, arguments: &str) -> Search<'_> {
        Search::new(self, arguments)
    }

    /// SPLUNK_HOME.
    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    /// The app's folder.
    pub(crate) fn app(&self) -> PathBuf {
        self.home().join("etc/apps/s3newip")
    }

    /// The app's lookups folder.
    pub(crate) fn lookups(&self) -> PathBuf {
        self.app().join("lookups")
    }

    /// The folder of the binary: the working folder of the command.
    pub(crate) fn bin(&self) -> PathBuf {
        self.app().join(if is_aarch64() {
            "bin"
        } else {
            "linux_x86_64/bin"
        })
    }

    /// The installed binary.
    pub(crate) fn binary(&self) -> PathBuf {
        self.bin().join("s3newip")
    }

    /// The path of the history.
    pub(crate) fn history_path(&self) -> PathBuf {
        self.lookups().join(HISTORY)
    }

    /// The bytes of the history.
    pub(crate) fn history_bytes(&self) -> Vec<u8> {
        fs::read(self.history_path()).expect("there is a history")
    }

    /// The text of the history.
    pub(crate) fn history_text(&self) -> String {
        String::from_utf8(self.history_bytes()).expect("the history is UTF-8")
    }

    /// The text of another file in the lookups folder.
    pub(crate) fn lookup_text(&self, name: &str) -> String {
        fs::read_to_string(self.lookups().join(name)).expect("there is such a lookup")
    }

    /// Every file of the app with its bytes, times, mode and identity: equal snapshots mean that nothing was touched.
    pub(crate) fn snapshot(&self) -> Snapshot {
        Snapshot::of(&self.app())
    }

    /// The names in the lookups folder that end in `.tmp`.
    pub(crate) fn temporary_files(&self) -> Vec<String> {
        let mut names = files::names_in(&self.lookups());
        names.retain(|name| name.ends_with(".tmp"));
        names
    }

    /// The staging area for lookups.
    pub(crate) fn staging(&self) -> PathBuf {
        self.home().join("var/run/splunk/lookup_tmp")
    }

    /// The names in the staging area; none where it has not been made.
    pub(crate) fn staged_files(&self) -> Vec<String> {
        if self.staging().is_dir() {
            files::names_in(&self.staging())
        } else {
            Vec::new()
        }
    }

    /// Puts a file into etc/auth.
    pub(crate) fn auth_file(&self, name: &str, text: &str) {
        let folder = self.home().join("etc/auth");
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join(name), text).expect("a certificate is written");
    }

    /// Sets `[sslConfig]` in etc/system/local/server.conf.
    pub(crate) fn ssl_config(&self, settings: &str) {
        let folder = self.home().join("etc/system/local");
        fs::create_dir_all(&folder).expect("a folder");
        let text = format!("[general]\nserverName = search1\n\n[sslConfig]\n{settings}\n");
        fs::write(folder.join("server.conf"), text).expect("server.conf is written");
    }

    /// A new dispatch folder's path, for a search with the id `sid`; the folder is made.
    pub(crate) fn dispatch_folder(&self, sid: &str) -> PathBuf {
        let folder = self.home().join("var/run/splunk/dispatch").join(sid);
        fs::create_dir_all(&folder).expect("a dispatch folder");
        folder
    }

    /// The number of the next search, the part of its id after the point.
    pub(crate) fn next_search(&self) -> usize {
        self.searches.fetch_add(1, Ordering::Relaxed) + 1
    }
}

/// The binary that cargo built, or the one that `S3NEWIP_TEST_BINARY` names.
pub(crate) fn binary_under_test() -> PathBuf {
    let built = || PathBuf::from(env!("CARGO_BIN_EXE_s3newip"));
    std::env::var_os("S3NEWIP_TEST_BINARY").map_or_else(built, PathBuf::from)
}

/// The emulator that `S3NEWIP_TEST_RUNNER` names.
pub(crate) fn runner() -> Option<String> {
    std::env::var("S3NEWIP_TEST_RUNNER")
        .ok()
        .filter(|runner| !runner.is_empty())
}

/// splunkd looks into `linux_x86_64/bin` on x86_64 and has no such folder for aarch64.
fn is_aarch64() -> bool {
    runner().map_or(cfg!(target_arch = "aarch64"), |runner| {
        runner.contains("aarch64")
    })
}
