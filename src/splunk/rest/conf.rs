//! Where Splunk's layered `server.conf` says that splunkd's certificate is.
//!
//! ```text
//! etc/system/local      wins
//! etc/apps/<a>/local    apps in the order of their names
//! etc/apps/<a>/default
//! etc/system/default    loses
//! ```
//!
//! That is the order of global settings (Admin Manual, "Configuration file precedence"). `$SPLUNK_HOME` stands for
//! Splunk's folder. Lines that end in a backslash go on in the next; comments begin with `#`.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// The most that is read of one file, in bytes.
const MAX_BYTES: u64 = 1 << 20;

/// Where splunkd's certificate is if no layer of `server.conf` names it (server.conf.spec, `serverCert`).
const DEFAULT_SERVER_CERT: &str = "etc/auth/server.pem";

/// The file of splunkd's certificate: `[sslConfig] serverCert`.
pub(super) fn server_cert(splunk_home: &Path) -> PathBuf {
    let named = layers(&splunk_home.join("etc"))
        .iter()
        .find_map(|file| setting(file, "sslConfig", "serverCert"));
    let path = named.as_deref().unwrap_or(DEFAULT_SERVER_CERT);
    match path.strip_prefix("$SPLUNK_HOME") {
        Some(rest) => splunk_home.join(rest.trim_start_matches('/')),
        None => splunk_home.join(path),
    }
}

/// The bytes of a small file.
///
/// # Errors
/// It cannot be read.
pub(super) fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn layers(etc: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(etc.join("apps")).into_iter().flatten();
    let mut apps: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    apps.retain(|app| !is_disabled(app));
    apps.sort();
    let of_apps = |file: &'static str| apps.iter().map(move |app| app.join(file));
    let mut layers = vec![etc.join("system/local/server.conf")];
    layers.extend(of_apps("local/server.conf"));
    layers.extend(of_apps("default/server.conf"));
    layers.push(etc.join("system/default/server.conf"));
    layers
}

/// Whether an app is disabled: splunkd reads nothing of it (app.conf.spec, `[install] state`).
fn is_disabled(app: &Path) -> bool {
    ["local/app.conf", "default/app.conf"]
        .into_iter()
        .find_map(|file| setting(&app.join(file), "install", "state"))
        .is_some_and(|state| state == "disabled")
}

/// The value of `name` in `[stanza]` of a file; `None` where the file does not set it or cannot be read.
fn setting(file: &Path, stanza: &str, name: &str) -> Option<String> {
    let text = read(file).ok()?;
    value(&String::from_utf8_lossy(&text), stanza, name)
}

/// The last value of `name` in `[stanza]`: later lines win. An empty value counts as unset.
fn value(text: &str, stanza: &str, name: &str) -> Option<String> {
    let mut within = false;
    let mut found = None;
    for line in joined(text) {
        let line = line.trim();
        let header = line
            .strip_prefix('[')
            .and_then(|line| line.strip_suffix(']'));
        if let Some(header) = header {
            within = header == stanza;
        } else if let Some((setting, value)) = line.split_once('=')
            && within
            && setting.trim() == name
        {
            found = Some(value.trim().to_owned());
        }
    }
    found.filter(|value| !value.is_empty())
}

/// The lines, with those that go on put together.
fn joined(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut open = false;
    for line in text.lines() {
        let (part, goes_on) = match line.strip_suffix('\\') {
            Some(part) => (part, true),
            None => (line, false),
        };
        match lines.last_mut() {
            Some(last) if open => last.push_str(part),
            _ => lines.push(part.to_owned()),
        }
        open = goes_on;
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes a file below a new Splunk's etc.
    fn put(home: &Path, file: &str, text: &str) {
        let path = home.join("etc").join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    #[test]
    fn a_setting_belongs_to_its_stanza_and_the_last_one_wins() {
        let text = "serverCert = outside\n[general]\nserverCert = other\n# [sslConfig]\n [sslConfig] \n\
                    #serverCert = no\nserverCert=/a.pem\n serverCert = /b\\\n.pem \nsslPassword =\n[x]\nserverCert = y";
        assert_eq!(
            value(text, "sslConfig", "serverCert").as_deref(),
            Some("/b.pem")
        );
        assert_eq!(value(text, "sslConfig", "sslPassword"), None);
        assert_eq!(value(text, "nothing", "serverCert"), None);
    }

    #[test]
    fn layers_have_splunks_order() {
        let home = tempfile::tempdir().unwrap();
        let default = home.path().join("etc/auth/server.pem");
        assert_eq!(server_cert(home.path()), default);
        for layer in [
            "system/default",
            "apps/b/default",
            "apps/a/default",
            "apps/b/local",
            "apps/a/local",
            "system/local",
        ] {
            let text = format!("[sslConfig]\nserverCert = /{layer}\n");
            put(home.path(), &format!("{layer}/server.conf"), &text);
            assert_eq!(server_cert(home.path()), Path::new("/").join(layer));
        }
    }

    #[test]
    fn a_disabled_app_has_nothing_to_say() {
        let home = tempfile::tempdir().unwrap();
        let named = || server_cert(home.path()) == Path::new("/a.pem");
        let put = |file, text| put(home.path(), file, text);
        put(
            "apps/a/default/server.conf",
            "[sslConfig]\nserverCert = /a.pem\n",
        );
        put("apps/a/default/app.conf", "[install]\nstate = disabled\n");
        assert!(!named());
        put("apps/a/local/app.conf", "[install]\nstate = enabled\n");
        assert!(named());
        put("apps/a/local/app.conf", "[install]\nstate = disabled\n");
        assert!(!named());
    }

    #[test]
    fn paths_stand_in_splunks_folder() {
        let home = tempfile::tempdir().unwrap();
        let home = home.path();
        for (value, expected) in [
            (
                "$SPLUNK_HOME/etc/auth/own.pem",
                home.join("etc/auth/own.pem"),
            ),
            ("/etc/ssl/own.pem", PathBuf::from("/etc/ssl/own.pem")),
            ("etc/auth/own.pem", home.join("etc/auth/own.pem")),
        ] {
            let text = format!("[sslConfig]\nserverCert = {value}\n");
            put(home, "system/local/server.conf", &text);
            assert_eq!(server_cert(home), expected);
        }
    }
}
