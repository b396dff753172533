//! The app in which the command is installed. Its folder is found from the program's own path alone, so that no environment
//! variable changes where data is written.
//!
//! ```text
//! <app>/bin/s3newip                    or, where splunkd looks first on x86_64 (commands.conf.spec, filename):
//! <app>/linux_x86_64/bin/s3newip
//! <app>/lookups/<lookup>.csv
//!
//! <app> is <SPLUNK_HOME>/etc/apps/<name of the app>
//! ```

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::history::History;
use crate::splunk::options::LookupName;
use crate::text::escape;

/// The platform folders of commands.conf.spec.
const PLATFORMS: [&str; 5] = [
    "linux_x86_64",
    "linux_x86",
    "windows_x86_64",
    "windows_x86",
    "darwin_x86_64",
];

/// An installed app.
#[derive(Debug, Clone)]
pub struct App {
    folder: PathBuf,
}

impl App {
    /// The app that the program at `executable` belongs to.
    ///
    /// # Errors
    /// The program is not in a `bin` folder.
    pub fn of(executable: &Path) -> Result<Self, Error> {
        let bin = executable
            .parent()
            .filter(|folder| folder.file_name().is_some_and(|name| name == "bin"));
        let above = bin.and_then(Path::parent);
        let platform = |folder: &&Path| {
            folder
                .file_name()
                .is_some_and(|name| PLATFORMS.iter().any(|platform| name == *platform))
        };
        let folder = match above {
            Some(folder) if platform(&folder) => folder.parent(),
            folder => folder,
        };
        folder.map(|folder| Self { folder: folder.to_owned() }).ok_or_else(|| {
            Error::environment(format!(
                "the command is not installed in a Splunk app: expected <app>/bin or <app>/linux_x86_64/bin, found {}; \
                 install the app from its package",
                escape::escaped(executable.as_os_str().as_encoded_bytes())
            ))
        })
    }

    /// The app's lookups folder.
    pub fn lookups(&self) -> PathBuf {
        self.folder.join("lookups")
    }

    /// The app's name, which is that of its folder.
    pub fn name(&self) -> &OsStr {
        self.folder.file_name().unwrap_or_default()
    }

    /// Splunk's own folder, `SPLUNK_HOME`.
    ///
    /// # Errors
    /// The app is not in `etc/apps`.
    pub fn splunk_home(&self) -> Result<&Path, Error> {
        let apps = self.folder.parent();
        let etc = apps.filter(|folder| folder.ends_with("etc/apps"));
        etc.and_then(Path::parent)
            .and_then(Path::parent)
            .ok_or_else(|| {
                Error::environment(format!(
                    "the app is not installed in a Splunk: expected <SPLUNK_HOME>/etc/apps/<app>, found {}",
                    escape::escaped(self.folder.as_os_str().as_encoded_bytes())
                ))
            })
    }

    /// The history in the lookup `name`, with the key fields `keys`.
    ///
    /// # Errors
    /// The lookups folder is missing, or the name is a link that leads out of it.
    pub fn history(&self, name: &LookupName, keys: &[String]) -> Result<History, Error> {
        let lookups = self.lookups();
        let history = History::new(&lookups.join(name.as_str()), keys)
            .map_err(Error::with_nothing_written)?;
        match std::fs::canonicalize(&lookups) {
            Ok(folder) if folder == history.folder() => Ok(history),
            _ => Err(Error::environment(format!(
                "the lookup {name} is a link that leads out of the app's lookups folder; replace it by a file"
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_app_is_found_from_the_programs_path() {
        let lookups = |path: &str| App::of(Path::new(path)).map(|app| app.lookups()).ok();
        let expected = Some(PathBuf::from("/opt/splunk/etc/apps/s3newip/lookups"));
        assert_eq!(
            lookups("/opt/splunk/etc/apps/s3newip/bin/s3newip"),
            expected
        );
        assert_eq!(
            lookups("/opt/splunk/etc/apps/s3newip/linux_x86_64/bin/s3newip"),
            expected
        );
        assert_eq!(lookups("/usr/local/s3newip"), None);
    }

    #[test]
    fn the_apps_name_and_its_splunk_are_found_from_its_folder() {
        let app = |path: &str| App::of(Path::new(path)).unwrap();
        let installed = app("/opt/splunk/etc/apps/seen_s3/bin/s3newip");
        assert_eq!(installed.name(), "seen_s3");
        assert_eq!(installed.splunk_home().unwrap(), Path::new("/opt/splunk"));
        assert!(app("/opt/tools/s3newip/bin/s3newip").splunk_home().is_err());
    }
}
