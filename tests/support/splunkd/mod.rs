//! The management port of a stand-in splunkd: the endpoint `data/lookup-table-files` over HTTPS on this machine.
//!
//! | rule | source |
//! |---|---|
//! | `Authorization: Splunk <session key>`, else 401 | REST API reference, "Authentication" |
//! | POST to the collection with `name` and `eai:data` creates, 201 | REST API reference, `data/lookup-table-files` |
//! | POST to `.../<name>` with `eai:data` updates, 200; a lookup that is not there is a 404 | the same; Machine Learning Toolkit, which creates after a 404 |
//! | creating one that is there is a 409 | REST API reference, "HTTP Status Codes" |
//! | `eai:data` must have the staging area `$SPLUNK_HOME/var/run/splunk/lookup_tmp` as an ancestor, else 400 | REST API reference; the status is a guess |
//! | the staged file is moved, so that it is gone afterwards | REST API reference: "Move a lookup table file from the given path" |
//! | creating needs `upload_lookup_files` and write permission on the app | measured on 9.4 by others, one right at a time |
//! | updating needs `upload_lookup_files` and write permission on the lookup | the same |
//! | an answer of 200 does not mean that the file was written | the same, where the lookup belonged to another user |
//! | another member's version replaces the file on disk at any time | Distributed Search manual, configuration replication |
//!
//! What goes wrong on the way is an [`Act`], one for each request.

mod certificates;
mod http;

pub(crate) use certificates::{Authority, Identity};
pub(crate) use http::Request;

use super::search::SESSION_KEY;
use super::splunk_home::Splunk;
use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned, SupportedProtocolVersion};
use std::collections::VecDeque;
use std::fs;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// What splunkd does with one request.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// What it is asked, as far as the user's rights go.
    Obey,
    /// Nothing but answer with this status and text.
    Refuse(u16, &'static str),
    /// What it is asked, and then answers with this status all the same.
    ObeyAndAnswer(u16),
    /// Another member's version arrives after it has done what it was asked.
    Overtaken(String),
    /// What it is asked, and then the lookup is a file that cannot be read: a socket.
    ThenUnreadable,
    /// Another member's version arrives before it does what it is asked.
    Preceded(String),
    /// What it is asked, after this time.
    Late(Duration),
    /// What it is asked, but the file is moved so long after the answer, where it still is there.
    MovesLater(Duration),
    /// What it is asked, and never an answer.
    ObeyInSilence,
    /// Never an answer.
    Silence,
    /// A byte of the answer in this time.
    Drip(Duration),
    /// Ends the connection without an answer.
    HangUp,
    /// Something that is not HTTP.
    Garbage,
    /// Sends the client elsewhere.
    Redirect(String),
}

/// What the search's user may do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rights {
    /// The capability upload_lookup_files.
    pub(crate) upload: bool,
    /// Write permission on the app.
    pub(crate) app: bool,
    /// Write permission on the lookup.
    pub(crate) lookup: bool,
}

/// How the port is spoken to.
pub(crate) enum Transport {
    /// TLS with this certificate and the library's protocol versions.
    Tls(Identity),
    /// TLS with one protocol version.
    TlsVersion(Identity, &'static SupportedProtocolVersion),
    /// None: server.conf [sslConfig] enableSplunkdSSL = false
    Plain,
}

/// A listening management port; it goes with the test's process.
pub(crate) struct Management {
    uri: String,
    state: Arc<State>,
}

struct State {
    home: PathBuf,
    rights: Mutex<Rights>,
    acts: Mutex<VecDeque<Act>>,
    requests: Mutex<Vec<Request>>,
    connections: Mutex<usize>,
}

impl Management {
    /// The port of `splunk`, with the certificate that is put into etc/auth/server.pem.
    pub(crate) fn of(splunk: &Splunk) -> Self {
        let identity = Authority::new().issue();
        splunk.auth_file("server.pem", &identity.pem());
        Self::with(splunk, Transport::Tls(identity))
    }

    /// The port of `splunk`, spoken to in this way; no file is written.
    pub(crate) fn with(splunk: &Splunk, transport: Transport) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let config = server_config(&transport);
        let scheme = if config.is_some() { "https" } else { "http" };
        let all = Rights {
            upload: true,
            app: true,
            lookup: true,
        };
        let state = Arc::new(State {
            home: splunk.home().to_owned(),
            rights: Mutex::new(all),
            acts: Mutex::default(),
            requests: Mutex::default(),
            connections: Mutex::default(),
        });
        let uri = format!("{scheme}://127.0.0.1:{port}");
        let shared = Arc::clone(&state);
        thread::spawn(move || listen(&listener, config.as_ref(), &shared));
        Self { uri, state }
    }

    /// What the next requests meet; after these, it obeys.
    pub(crate) fn acts(self, acts: impl IntoIterator<Item = Act>) -> Self {
        self.state.acts.lock().unwrap().extend(acts);
        self
    }

    /// What the user may do; everything unless set.
    pub(crate) fn rights(self, rights: Rights) -> Self {
        *self.state.rights.lock().unwrap() = rights;
        self
    }

    /// `https://127.0.0.1:<port>`
    pub(crate) fn uri(&self) -> &str {
        &self.uri
    }

    /// The requests so far, in order.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.state.requests.lock().unwrap().clone()
    }

    /// Method and path of the requests so far, without what all of them have in common.
    pub(crate) fn lines(&self) -> Vec<String> {
        let common = "/servicesNS/nobody/s3newip/data/lookup-table-files";
        let requests = self.requests();
        requests
            .iter()
            .map(|request| request.line().replace(common, ""))
            .collect()
    }

    /// How many connections there were.
    pub(crate) fn connections(&self) -> usize {
        *self.state.connections.lock().unwrap()
    }
}

fn server_config(transport: &Transport) -> Option<Arc<ServerConfig>> {
    let (identity, versions) = match transport {
        Transport::Plain => return None,
        Transport::Tls(identity) => (identity, rustls::ALL_VERSIONS),
        Transport::TlsVersion(identity, version) => (identity, &[*version][..]),
    };
    let certificate = CertificateDer::from(identity.certificate.clone());
    let key = PrivateKeyDer::try_from(identity.key.clone()).expect("a private key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    // Not with_single_cert, which reads the certificate: the library does not know X.509 version 1.
    let signing = provider.key_provider.load_private_key(key).expect("a key");
    let certified = rustls::sign::CertifiedKey::new(vec![certificate], signing);
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .expect("a protocol version")
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(rustls::sign::SingleCertAndKey::from(certified)));
    Some(Arc::new(config))
}

fn listen(listener: &TcpListener, config: Option<&Arc<ServerConfig>>, state: &Arc<State>) {
    for stream in listener.incoming() {
        let (config, state) = (config.cloned(), Arc::clone(state));
        *state.connections.lock().unwrap() += 1;
        thread::spawn(move || {
            let stream = stream?;
            match config {
                None => serve(stream, &state),
                Some(config) => {
                    let tls = ServerConnection::new(config).map_err(io::Error::other)?;
                    serve(StreamOwned::new(tls, stream), &state)
                }
            }
        });
    }
}

/// Answers one request and ends the connection.
fn serve(mut stream: impl Read + Write, state: &State) -> io::Result<()> {
    let request = http::read_request(&mut stream)?;
    state.requests.lock().unwrap().push(request.clone());
    let act = state.acts.lock().unwrap().pop_front();
    let lookup = || state.lookup(&request);
    let answer = match act.unwrap_or(Act::Obey) {
        Act::Obey => state.obey(&request),
        Act::Refuse(status, text) => http::answer(status, text, ""),
        Act::ObeyAndAnswer(status) => {
            state.obey(&request);
            http::answer(status, "", "")
        }
        Act::Overtaken(text) => {
            let answer = state.obey(&request);
            replicate(&lookup(), &text);
            answer
        }
        Act::ThenUnreadable => {
            let answer = state.obey(&request);
            make_unreadable(&lookup());
            answer
        }
        Act::Preceded(text) => {
            replicate(&lookup(), &text);
            state.obey(&request)
        }
        Act::Late(time) => {
            thread::sleep(time);
            state.obey(&request)
        }
        Act::MovesLater(time) => {
            let (status, text) = state.decide(&request);
            let staged = request.field("eai:data").unwrap_or_default().to_owned();
            let lookup = lookup();
            thread::spawn(move || {
                thread::sleep(time);
                fs::rename(staged, lookup)
            });
            http::answer(status, text, "")
        }
        Act::ObeyInSilence => {
            state.obey(&request);
            thread::sleep(Duration::from_secs(60));
            return Ok(());
        }
        Act::Silence => {
            thread::sleep(Duration::from_secs(60));
            return Ok(());
        }
        Act::Drip(pause) => {
            return http::drip(&mut stream, &http::answer(200, "", ""), pause);
        }
        Act::HangUp => return Ok(()),
        Act::Garbage => b"SSH-2.0-OpenSSH_9.2\r\n\r\n".to_vec(),
        Act::Redirect(to) => http::answer(307, "", &format!("Location: {to}\r\n")),
    };
    stream.write_all(&answer)?;
    stream.flush()
}

/// Another member's version of a lookup comes to this member's disk.
fn replicate(lookup: &Path, text: &str) {
    let arriving = lookup.with_extension("arriving");
    fs::write(&arriving, text).expect("a lookup is written");
    fs::rename(&arriving, lookup).expect("a lookup is replaced");
}

/// Puts a socket in the place of a lookup: opening it fails for every user, root too.
fn make_unreadable(lookup: &Path) {
    let arriving = lookup.with_extension("arriving");
    let mode = Mode::RUSR | Mode::WUSR;
    mknodat(CWD, &arriving, FileType::Socket, mode, 0).expect("a socket is made");
    fs::rename(&arriving, lookup).expect("a lookup is replaced");
}

impl State {
    /// The file that a request is about.
    fn lookup(&self, request: &Request) -> PathBuf {
        let (_, name) = request.path.rsplit_once('/').unwrap_or_default();
        let name = request.field("name").unwrap_or(name);
        self.home.join("etc/apps/s3newip/lookups").join(name)
    }

    /// Does what it is asked, as far as the user's rights go.
    fn obey(&self, request: &Request) -> Vec<u8> {
        let (status, text) = self.decide(request);
        if status < 300 {
            let staged = request.field("eai:data").unwrap_or_default();
            fs::rename(staged, self.lookup(request)).expect("the staged file is moved");
        }
        http::answer(status, text, "")
    }

    fn decide(&self, request: &Request) -> (u16, &'static str) {
        let rights = *self.rights.lock().unwrap();
        let there = self.lookup(request).exists();
        let creates = match request
            .path
            .strip_prefix("/servicesNS/nobody/s3newip/data/lookup-table-files")
        {
            Some("") => true,
            Some(_) => false,
            None => return (404, "Application does not exist"),
        };
        let may = rights.upload && if creates { rights.app } else { rights.lookup };
        if request.header("authorization") != Some(&format!("Splunk {SESSION_KEY}")) {
            (401, "call not properly authenticated")
        } else if request.method != "POST" {
            (405, "Method Not Allowed")
        } else if !creates && !there {
            (404, "Could not find object")
        } else if !may {
            (403, "You do not have permission to perform this operation")
        } else if creates && there {
            (409, "An object with that name already exists")
        } else if !self.is_staged(request.field("eai:data").unwrap_or_default()) {
            (400, "The file must be in the lookup staging area")
        } else {
            (if creates { 201 } else { 200 }, "")
        }
    }

    fn is_staged(&self, path: &str) -> bool {
        let area = self.home.join("var/run/splunk/lookup_tmp");
        let path = Path::new(path);
        path.parent() == Some(&area) && path.is_file()
    }
}
