//! The route through splunkd into the lookup's place.

use std::cell::OnceCell;
use std::ffi::{OsStr, OsString};
use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};

use super::address::Address;
use super::client::{Answer, Client, ExchangeError, TimeLimits};
use super::failure::{self, Ask, Request};
use super::server_cert::ServerCert;
use crate::error::Error;
use crate::history::{Failure, Replacement, Route, Stage};
use crate::splunk::app::App;
use crate::splunk::session_key::SessionKey;
use crate::text::escape;

/// The folder from which splunkd takes lookups, and from no other.
const STAGING_FOLDER: &str = "lookup_tmp";

/// What stands in a URI and a form as it is (RFC 3986, unreserved).
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Publishes lookups of one app through splunkd, on behalf of a search's user.
#[derive(Debug)]
pub struct RestRoute {
    app: OsString,
    splunk_home: PathBuf,
    staging: PathBuf,
    uri: String,
    key: Option<SessionKey>,
    limits: TimeLimits,
    /// Made when it is needed: a run that does not publish reads no certificate.
    connected: OnceCell<Result<Connected, Error>>,
}

#[derive(Debug)]
struct Connected {
    client: Client,
    address: Address,
}

impl RestRoute {
    /// For `app`, through splunkd at `uri`, with the session key `key`. `dispatch_dir` is the search's dispatch folder,
    /// where there is one.
    ///
    /// # Errors
    /// The app does not stand in a Splunk.
    pub fn new(
        app: &App,
        uri: &str,
        key: Option<SessionKey>,
        dispatch_dir: Option<&Path>,
    ) -> Result<Self, Error> {
        let splunk_home = app.splunk_home()?.to_owned();
        Ok(Self {
            app: app.name().to_owned(),
            staging: staging_folder(&splunk_home, dispatch_dir),
            splunk_home,
            uri: uri.to_owned(),
            key,
            limits: TimeLimits::default(),
            connected: OnceCell::new(),
        })
    }

    /// The same with other time limits.
    pub fn with_limits(self, limits: TimeLimits) -> Self {
        Self { limits, ..self }
    }

    /// What the first call made.
    fn connected(&self) -> Result<&Connected, Error> {
        self.connected
            .get_or_init(|| self.connect())
            .as_ref()
            .map_err(Error::clone)
    }

    fn connect(&self) -> Result<Connected, Error> {
        let address: Address = self
            .uri
            .parse()
            .map_err(|cause| failure::bad_address(&cause))?;
        let splunkd = address
            .tls()
            .then(|| ServerCert::read(&self.splunk_home))
            .transpose()
            .map_err(|cause| failure::no_server_cert(&address, &cause))?;
        let client = Client::new(address.clone(), self.limits, splunkd)
            .map_err(|cause| failure::no_tls(&address, &cause))?;
        Ok(Connected { client, address })
    }

    fn key(&self) -> Result<&SessionKey, Error> {
        self.key.as_ref().ok_or_else(failure::no_session_key)
    }

    /// Where splunkd has the app's lookups.
    fn collection(&self) -> String {
        let app = encoded(self.app.as_encoded_bytes());
        format!("/servicesNS/nobody/{app}/data/lookup-table-files")
    }
}

impl Route for RestRoute {
    fn staging_folder(&self) -> &Path {
        &self.staging
    }

    /// The folder is shared by all apps: the app's name stands in the names, too.
    fn staged_name(&self, lookup: &Path) -> OsString {
        let mut name = lookup.as_os_str().to_owned();
        name.push(".");
        name.push(&self.app);
        name
    }

    fn staging_remedy(&self) -> Option<&'static str> {
        Some(failure::STAGING)
    }

    fn prepare(&self) -> Result<(), Error> {
        self.key()?;
        self.connected()?;
        match DirBuilder::new().mode(0o700).create(&self.staging) {
            Err(cause) if cause.kind() != io::ErrorKind::AlreadyExists => {
                Err(failure::no_staging_folder(&self.staging, &cause))
            }
            _ => Ok(()),
        }
    }

    /// splunkd moves the staged file, before it answers or later.
    fn replace(&self, staged: Stage, lookup: &Path) -> Result<Replacement, Failure> {
        let Connected { client, address } = self.connected()?;
        let name = lookup.file_name().unwrap_or_default();
        let key = self.key()?;
        let (ask, answer) = update_or_create(|ask| {
            let (path, form) = self.request(ask, staged.path(), name);
            client.post(&path, key, &form)
        });
        let request = Request {
            address,
            app: &escape::escaped(self.app.as_encoded_bytes()),
            lookup: &escape::escaped(name.as_encoded_bytes()),
            ask,
        };
        let failure = match answer {
            Ok(answer) if (200..300).contains(&answer.status) => request.not_there(&answer),
            Ok(answer) => request.refused(&answer),
            Err(cause) => request.unanswered(&cause),
        };
        if failure.uncertain {
            let staged = Box::new(staged);
            Ok(Replacement::Unconfirmed { staged, failure })
        } else {
            Err(failure)
        }
    }
}

impl RestRoute {
    /// Path and form of a request.
    fn request(&self, ask: Ask, staged: &Path, lookup: &OsStr) -> (String, String) {
        let (collection, lookup) = (self.collection(), encoded(lookup.as_encoded_bytes()));
        let data = encoded(staged.as_os_str().as_encoded_bytes());
        match ask {
            Ask::Update => (
                format!("{collection}/{lookup}"),
                format!("eai%3Adata={data}"),
            ),
            Ask::Create => (collection, format!("name={lookup}&eai%3Adata={data}")),
        }
    }
}

/// Asks for an update, and where there is nothing to update, for a creation. What was asked last, and the answer.
fn update_or_create(
    post: impl Fn(Ask) -> Result<Answer, ExchangeError>,
) -> (Ask, Result<Answer, ExchangeError>) {
    match post(Ask::Update) {
        Ok(Answer { status: 404, .. }) => (Ask::Create, post(Ask::Create)),
        answer => (Ask::Update, answer),
    }
}

fn encoded(bytes: &[u8]) -> String {
    percent_encode(bytes, ENCODED).to_string()
}

/// `lookup_tmp` beside the folder of dispatch folders: as splunkd itself writes that path, which it compares as text.
/// Where no dispatch folder is known, below Splunk's own folder.
fn staging_folder(splunk_home: &Path, dispatch_dir: Option<&Path>) -> PathBuf {
    let run = dispatch_dir
        .and_then(Path::parent)
        .filter(|folder| folder.ends_with("var/run/splunk/dispatch"))
        .and_then(Path::parent);
    match run {
        Some(run) => run.join(STAGING_FOLDER),
        None => splunk_home.join("var/run/splunk").join(STAGING_FOLDER),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(app: &str, dispatch_dir: Option<&str>) -> RestRoute {
        let app = App::of(
            &Path::new("/opt/splunk/etc/apps")
                .join(app)
                .join("bin/s3newip"),
        );
        RestRoute::new(&app.unwrap(), "", None, dispatch_dir.map(Path::new)).unwrap()
    }

    #[test]
    fn requests_are_those_of_the_reference() {
        let route = route("s3newip", None);
        let staged = Path::new("/opt/splunk/var/run/splunk/lookup_tmp/a b+c&d");
        let path = "/servicesNS/nobody/s3newip/data/lookup-table-files";
        let data = "eai%3Adata=%2Fopt%2Fsplunk%2Fvar%2Frun%2Fsplunk%2Flookup_tmp%2Fa%20b%2Bc%26d";
        assert_eq!(
            route.request(Ask::Update, staged, OsStr::new("seen.csv")),
            (format!("{path}/seen.csv"), data.to_owned())
        );
        assert_eq!(
            route.request(Ask::Create, staged, OsStr::new("seen.csv")),
            (path.to_owned(), format!("name=seen.csv&{data}"))
        );
    }

    #[test]
    fn the_staging_folder_is_written_as_splunkd_writes_it() {
        let expected = [
            (None, "/opt/splunk/var/run/splunk/lookup_tmp"),
            (
                Some("/srv/splunk/var/run/splunk/dispatch/1700000000.1"),
                "/srv/splunk/var/run/splunk/lookup_tmp",
            ),
            (
                Some("/srv/elsewhere"),
                "/opt/splunk/var/run/splunk/lookup_tmp",
            ),
        ];
        for (dispatch_dir, expected) in expected {
            let route = route("s3newip", dispatch_dir);
            assert_eq!(route.staging_folder(), Path::new(expected));
        }
    }

    #[test]
    fn staged_files_of_two_apps_are_told_apart() {
        let name = |app| route(app, None).staged_name(Path::new("seen.csv"));
        assert_eq!(name("s3newip"), "seen.csv.s3newip");
        assert_ne!(name("s3newip"), name("s3newip_test"));
    }
}
