//! What is reported where splunkd did not publish: what failed, what that means, what an administrator does about it.

use std::io;
use std::path::Path;

use super::address::{Address, BadAddress};
use super::client::{Answer, ExchangeError};
use super::server_cert::{NoServerCert, NotSplunkd};
use crate::error::Error;
use crate::history::Failure;
use crate::text::escape;

/// What was asked of splunkd.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ask {
    /// To replace the lookup that it has.
    Update,
    /// To make a lookup that it does not have.
    Create,
}

/// Who was asked for what: the words that messages share.
#[derive(Debug, Clone, Copy)]
pub(super) struct Request<'a> {
    pub(super) address: &'a Address,
    pub(super) app: &'a str,
    pub(super) lookup: &'a str,
    pub(super) ask: Ask,
}

/// Where an administrator looks when splunkd itself is in trouble.
const LOG: &str = "look into $SPLUNK_HOME/var/log/splunk/splunkd.log";

impl Request<'_> {
    fn aim(&self) -> String {
        let ask = match self.ask {
            Ask::Update => "update",
            Ask::Create => "create",
        };
        format!(
            "{ask} the lookup {} through splunkd at {}",
            self.lookup, self.address
        )
    }

    /// An answer that is no success.
    pub(super) fn refused(&self, answer: &Answer) -> Failure {
        let (meaning, remedy) = match answer.status {
            300..=399 => (
                "it redirects to another address, which is not followed: the session key goes to splunkd alone",
                "take away what stands between the search and splunkd's management port".to_owned(),
            ),
            401 => (
                "it does not accept the search's session key",
                "the session has ended or the user was removed while the search ran: run the search again, and see that \
                 the owner of a scheduled search exists"
                    .to_owned(),
            ),
            403 => (
                "the search's user may not do that",
                format!("give a role of that user (of a scheduled search: its owner) {}", self.rights()),
            ),
            404 => (
                "it does not know the app or its owner \"nobody\"",
                format!(
                    "see that the app {} is installed under that name and enabled on this search head, then restart \
                     Splunk",
                    self.app
                ),
            ),
            409 => (
                "there is a lookup of that name already, which it does not show to this user",
                format!(
                    "look under Settings > Lookups > Lookup table files for {}, and delete it or share it in the app {}",
                    self.lookup, self.app
                ),
            ),
            400..=499 => (
                "it does not accept the request",
                format!("{LOG}, and see that the app's version fits Splunk's"),
            ),
            _ => (
                "it is in trouble, or the cluster has no captain",
                format!("{LOG}, and at the cluster's state (splunk show shcluster-status)"),
            ),
        };
        let said = match answer.said.as_str() {
            "" => String::new(),
            said => format!(", it says {}", escape::quoted(said.as_bytes())),
        };
        let status = answer.status;
        let what = format!("{}: {meaning} (HTTP status {status}{said})", self.aim());
        Failure {
            // A server in trouble may have done it. After a 409 the lookup is there: another search has just created it.
            uncertain: status == 409 || status >= 500,
            ..failed(what, remedy).into()
        }
    }

    fn rights(&self) -> String {
        match self.ask {
            Ask::Update => format!(
                "the capability upload_lookup_files, read permission on the app {} and write permission on the lookup {} \
                 (Settings > Lookups > Lookup table files > Permissions)",
                self.app, self.lookup
            ),
            Ask::Create => format!(
                "the capability upload_lookup_files and write permission on the app {} (Apps > Manage Apps > \
                 Permissions), or let a user who has them run the search once: after that, write permission on the \
                 lookup is enough",
                self.app
            ),
        }
    }

    /// A success that the lookup does not show.
    pub(super) fn not_there(&self, answer: &Answer) -> Failure {
        Failure::uncertain(failed(
            format!(
                "{}: it says that it did (HTTP status {}), but the file in the app's lookups folder does not hold \
                 this search's pairs",
                self.aim(),
                answer.status
            ),
            format!(
                "see under Settings > Lookups > Lookup table files that {} is in the app {}, shared in the app and \
                 owned by nobody or the search's user, and that no private lookup of that name hides it",
                self.lookup, self.app
            ),
        ))
    }

    /// No answer at all.
    pub(super) fn unanswered(&self, cause: &ExchangeError) -> Failure {
        let cause_text = escape::escaped(cause.to_string().as_bytes());
        let remedy = match cause {
            ExchangeError::NoConnection(_) => {
                "see that splunkd runs and that its management port is open on this \
                                               machine (web.conf, mgmtHostPort)"
                    .to_owned()
            }
            ExchangeError::NotSplunkd(cause) => return self.not_splunkd(cause).into(),
            ExchangeError::BadRequest(_) => "run the search again".to_owned(),
            ExchangeError::TimedOut => format!("see how busy this search head is, and {LOG}"),
            ExchangeError::Broken(_) => LOG.to_owned(),
        };
        Failure {
            uncertain: matches!(cause, ExchangeError::TimedOut | ExchangeError::Broken(_)),
            ..failed(format!("{}: {cause_text}", self.aim()), remedy).into()
        }
    }

    fn not_splunkd(&self, cause: &NotSplunkd) -> Error {
        let what = format!("{}: {cause}; the session key was not sent", self.aim());
        let remedy = match cause {
            NotSplunkd::OtherCertificate(_) => {
                "if that file has been renewed since splunkd started, restart Splunk and run the search again; if not, see \
                 which program listens at that address, and that the file is the one that splunkd uses (serverCert in \
                 [sslConfig] of server.conf)"
            }
            NotSplunkd::NoPrivateKey(_) => {
                "see which program listens at that address; if it is splunkd, give it an ECDSA key (P-256, P-384) or an \
                 RSA key of 2048 to 8192 bits, others cannot be checked"
            }
        };
        failed(what, remedy)
    }
}

fn failed(what: String, remedy: impl Into<String>) -> Error {
    Error::environment(what).with_remedy(remedy)
}

/// splunkd's certificate cannot be read.
pub(super) fn no_server_cert(address: &Address, cause: &NoServerCert) -> Error {
    failed(
        format!("publish through splunkd at {address}: {cause}; the session key was not sent"),
        "see that serverCert in [sslConfig] of server.conf names splunkd's certificate, that it is the first one in that \
         file and that the user that Splunk runs as can read it",
    )
}

/// splunkd's address is not to be used.
pub(super) fn bad_address(cause: &BadAddress) -> Error {
    failed(
        format!("publish through splunkd: {cause}"),
        "set mgmtHostPort = 127.0.0.1:<port> in web.conf; outside a search head cluster, publish=file does without \
         splunkd"
            .to_owned(),
    )
}

/// The TLS library cannot be set up.
pub(super) fn no_tls(address: &Address, cause: &rustls::Error) -> Error {
    failed(
        format!("publish through splunkd at {address}: TLS cannot be set up: {cause}"),
        "install the app again from its package".to_owned(),
    )
}

/// splunkd handed over no session key.
pub(super) fn no_session_key() -> Error {
    failed(
        "publish through splunkd: it handed over no session key".to_owned(),
        "set chunked = true for the command in commands.conf, as the app has it".to_owned(),
    )
}

/// The staging folder cannot be used.
pub(super) fn no_staging_folder(folder: &Path, cause: &io::Error) -> Error {
    failed(
        format!(
            "make the staging folder {}: {cause}",
            escape::escaped(folder.as_os_str().as_encoded_bytes())
        ),
        STAGING,
    )
}

/// What the staging folder needs.
pub(super) const STAGING: &str = "give the user that Splunk runs as write permission on $SPLUNK_HOME/var/run/splunk \
                                  and the folder lookup_tmp in it, and make room on that disk";

#[cfg(test)]
mod tests {
    use super::*;

    fn request(ask: Ask, address: &Address) -> Request<'_> {
        Request {
            address,
            app: "s3newip",
            lookup: "seen.csv",
            ask,
        }
    }

    fn answer(status: u16, said: &str) -> Answer {
        Answer {
            status,
            said: said.to_owned(),
        }
    }

    /// What stands in the message: what failed, what to do; a question mark where it may have been done all the same.
    fn text(failure: &Failure) -> String {
        let mark = if failure.uncertain { "? " } else { "" };
        format!("{mark}{}", failure.error)
    }

    /// Every failure, in the words that an administrator reads.
    fn texts(address: &Address) -> Vec<String> {
        let update = |status, said| request(Ask::Update, address).refused(&answer(status, said));
        let create = |status, said| request(Ask::Create, address).refused(&answer(status, said));
        let without = |cause| request(Ask::Update, address).unanswered(&cause);
        let not_splunkd = |cause: fn(String) -> NotSplunkd| {
            let file = "/opt/splunk/etc/auth/server.pem".to_owned();
            without(ExchangeError::NotSplunkd(cause(file)))
        };
        let elsewhere = "https://192.0.2.7:8089".parse::<Address>();
        let no_certificate = crate::splunk::rest::ServerCert::read(Path::new("/nonexistent"));
        let staging = Path::new("/opt/splunk/var/run/splunk/lookup_tmp");
        let failures = [
            update(307, ""),
            update(400, "bad\n\u{1b}[2J"),
            update(401, "call not properly authenticated"),
            update(403, ""),
            create(403, ""),
            create(404, "Application does not exist: s3newip"),
            create(409, ""),
            update(503, ""),
            request(Ask::Update, address).not_there(&answer(200, "")),
            without(ExchangeError::NoConnection(io::Error::from_raw_os_error(
                111,
            ))),
            without(ExchangeError::BadRequest("the key is none".to_owned())),
            without(ExchangeError::TimedOut),
            without(ExchangeError::Broken("peer disconnected".to_owned())),
            not_splunkd(NotSplunkd::OtherCertificate),
            not_splunkd(NotSplunkd::NoPrivateKey),
            no_server_cert(address, &no_certificate.unwrap_err()).into(),
            bad_address(&elsewhere.unwrap_err()).into(),
            bad_address(&"".parse::<Address>().unwrap_err()).into(),
            no_session_key().into(),
            no_staging_folder(staging, &io::Error::from_raw_os_error(13)).into(),
        ];
        failures.iter().map(text).collect()
    }

    #[test]
    fn every_failure_says_what_failed_and_what_to_do() {
        let address = "https://127.0.0.1:8089".parse().unwrap();
        let expected: Vec<&str> = include_str!("failure_texts.txt").lines().collect();
        assert_eq!(texts(&address), expected);
    }
}
