//! One setting of one stanza in Splunk's layered `server.conf`, as far as certificates need it.
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
use std::io::Read;
use std::path::{Path, PathBuf};

/// The most that is read of one file, in bytes.
const MAX_BYTES: u64 = 1 << 20;

/// The value of `setting` in `[stanza]` of `server.conf`, where one of its layers has it.
pub(super) fn server_conf(splunk_home: &Path, stanza: &str, setting: &str) -> Option<String> {
    layers(&splunk_home.join("etc"))
        .into_iter()
        .filter_map(|file| read(&file))
        .find_map(|text| value(&text, stanza, setting))
}

/// A path as a setting has it.
pub(super) fn expanded(splunk_home: &Path, value: &str) -> PathBuf {
    match value.strip_prefix("$SPLUNK_HOME") {
        Some(rest) => splunk_home.join(rest.trim_start_matches('/')),
        None => splunk_home.join(value),
    }
}

fn layers(etc: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(etc.join("apps")).into_iter().flatten();
    let mut apps: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    apps.retain(|app| !is_disabled(app));
    apps.sort();
    let of_apps = |layer: &'static str| apps.iter().map(move |app| app.join(layer));
    let mut layers = vec![etc.join("system/local")];
    layers.extend(of_apps("local"));
    layers.extend(of_apps("default"));
    layers.push(etc.join("system/default"));
    layers
        .into_iter()
        .map(|folder| folder.join("server.conf"))
        .collect()
}

/// Whether an app is disabled: splunkd reads nothing of it (app.conf.spec, `[install] state`).
fn is_disabled(app: &Path) -> bool {
    let state = ["local", "default"].into_iter().find_map(|layer| {
        let text = read(&app.join(layer).join("app.conf"))?;
        value(&text, "install", "state")
    });
    state.is_some_and(|state| state == "disabled")
}

fn read(path: &Path) -> Option<String> {
    let mut text = Vec::new();
    let file = File::open(path).ok()?;
    file.take(MAX_BYTES).read_to_end(&mut text).ok()?;
    Some(String::from_utf8_lossy(&text).into_owned())
}

/// The last value of `setting` in `[stanza]`: later lines win. An empty value is none.
fn value(text: &str, stanza: &str, setting: &str) -> Option<String> {
    let mut within = false;
    let mut found = None;
    for line in joined(text) {
        let line = line.trim();
        if let Some(name) = line
            .strip_prefix('[')
            .and_then(|line| line.strip_suffix(']'))
        {
            within = name == stanza;
        } else if let Some((name, value)) = line.split_once('=')
            && within
            && name.trim() == setting
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

    #[test]
    fn a_setting_belongs_to_its_stanza_and_the_last_one_wins() {
        let text = "sslRootCAPath = outside\n[general]\nsslRootCAPath = other\n# [sslConfig]\n [sslConfig] \n\
                    #sslRootCAPath = no\nsslRootCAPath=/a.pem\n sslRootCAPath = /b\\\n.pem \nserverCert =\n[x]\nsslRootCAPath = y";
        assert_eq!(
            value(text, "sslConfig", "sslRootCAPath").as_deref(),
            Some("/b.pem")
        );
        assert_eq!(value(text, "sslConfig", "serverCert"), None);
        assert_eq!(value(text, "nothing", "sslRootCAPath"), None);
    }

    #[test]
    fn layers_have_splunks_order() {
        let home = tempfile::tempdir().unwrap();
        let put = |layer: &str, value: &str| {
            let folder = home.path().join("etc").join(layer);
            fs::create_dir_all(&folder).unwrap();
            let text = format!("[sslConfig]\nsslRootCAPath = {value}\n");
            fs::write(folder.join("server.conf"), text).unwrap();
        };
        let found = || server_conf(home.path(), "sslConfig", "sslRootCAPath");
        assert_eq!(found(), None);
        for layer in [
            "system/default",
            "apps/b/default",
            "apps/a/default",
            "apps/b/local",
            "apps/a/local",
            "system/local",
        ] {
            put(layer, layer);
            assert_eq!(found().as_deref(), Some(layer));
        }
    }

    #[test]
    fn a_disabled_app_has_nothing_to_say() {
        let home = tempfile::tempdir().unwrap();
        let put = |file: &str, text: &str| {
            let path = home.path().join("etc/apps/a").join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        let found = || server_conf(home.path(), "sslConfig", "serverCert");
        put("default/server.conf", "[sslConfig]\nserverCert = a.pem\n");
        put("default/app.conf", "[install]\nstate = disabled\n");
        assert_eq!(found(), None);
        put("local/app.conf", "[install]\nstate = enabled\n");
        assert_eq!(found().as_deref(), Some("a.pem"));
        put("local/app.conf", "[install]\nstate = disabled\n");
        assert_eq!(found(), None);
    }

    #[test]
    fn paths_stand_in_splunks_folder() {
        let home = Path::new("/opt/splunk");
        for (value, expected) in [
            (
                "$SPLUNK_HOME/etc/auth/ca.pem",
                "/opt/splunk/etc/auth/ca.pem",
            ),
            ("/etc/ssl/ca.pem", "/etc/ssl/ca.pem"),
            ("etc/auth/ca.pem", "/opt/splunk/etc/auth/ca.pem"),
        ] {
            assert_eq!(expanded(home, value), Path::new(expected));
        }
    }
}
