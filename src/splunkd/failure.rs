//! What is said where splunkd did not publish: what failed, what that means, what an administrator does about it.

use std::io;
use std::path::Path;

use super::address::{Address, BadAddress};
use super::client::{Answer, ExchangeError};
use super::trust::{Trust, Untrusted};
use crate::history::Failure;
use crate::shown;

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
            said => format!(", it says {}", shown::quoted(said.as_bytes())),
        };
        Failure {
            // A server in trouble, and one to whom somebody else was quicker, may have done it.
            uncertain: answer.status == 409 || answer.status >= 500,
            ..Failure::new(
                format!(
                    "{}: {meaning} (HTTP status {}{said})",
                    self.aim(),
                    answer.status
                ),
                remedy,
            )
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
                 Permissions), or let somebody who has them run the search once: after that, write permission on the \
                 lookup is enough",
                self.app
            ),
        }
    }

    /// A success that the lookup does not show.
    pub(super) fn not_there(&self, answer: &Answer) -> Failure {
        Failure {
            uncertain: true,
            ..Failure::new(
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
            )
        }
    }

    /// No answer at all.
    pub(super) fn unanswered(&self, cause: &ExchangeError, trust: Option<&Trust>) -> Failure {
        let cause_text = shown::escaped(cause.to_string().as_bytes());
        let remedy = match cause {
            ExchangeError::NoConnection(_) => {
                "see that splunkd runs and that its management port is open on this \
                                               machine (web.conf, mgmtHostPort)"
                    .to_owned()
            }
            ExchangeError::NotSplunkd(_) => return self.not_splunkd(&cause_text, trust),
            ExchangeError::BadRequest(_) => "run the search again".to_owned(),
            ExchangeError::TimedOut => format!("see how busy this search head is, and {LOG}"),
            ExchangeError::Broken(_) => LOG.to_owned(),
        };
        Failure {
            uncertain: matches!(cause, ExchangeError::TimedOut | ExchangeError::Broken(_)),
            ..Failure::new(format!("{}: {cause_text}", self.aim()), remedy)
        }
    }

    fn not_splunkd(&self, cause: &str, trust: Option<&Trust>) -> Failure {
        let files = trust.map(Trust::looked_into).unwrap_or_default();
        Failure::new(
            format!(
                "{}: its certificate is neither splunkd's own nor signed by Splunk's authority, so that the session key \
                 was not sent: {cause}; looked into {files}",
                self.aim()
            ),
            CERTIFICATES.to_owned(),
        )
    }
}

/// How splunkd is made known.
const CERTIFICATES: &str = "name splunkd's certificate (serverCert) or the file of the authority that signed it \
                            (sslRootCAPath) in [sslConfig] of server.conf, readable by the user that Splunk runs as";

/// There is no certificate to know splunkd by.
pub(super) fn untrusted(address: &Address, cause: &Untrusted) -> Failure {
    Failure::new(
        format!("publish through splunkd at {address}: {cause}; the session key was not sent"),
        CERTIFICATES.to_owned(),
    )
}

/// splunkd's address is not to be used.
pub(super) fn bad_address(cause: &BadAddress) -> Failure {
    Failure::new(
        format!("publish through splunkd: {cause}"),
        "set mgmtHostPort = 127.0.0.1:<port> in web.conf; outside a search head cluster, publish=file does without \
         splunkd"
            .to_owned(),
    )
}

/// The TLS library cannot be set up.
pub(super) fn no_tls(address: &Address, cause: &rustls::Error) -> Failure {
    Failure::new(
        format!("publish through splunkd at {address}: TLS cannot be set up: {cause}"),
        "install the app again from its package".to_owned(),
    )
}

/// splunkd handed over no session key.
pub(super) fn no_session_key() -> Failure {
    Failure::new(
        "publish through splunkd: it handed over no session key".to_owned(),
        "set chunked = true for the command in commands.conf, as the app has it".to_owned(),
    )
}

/// The staging folder cannot be used.
pub(super) fn no_staging_folder(folder: &Path, cause: &io::Error) -> Failure {
    Failure::new(
        format!(
            "make the staging folder {}: {cause}",
            shown::escaped(folder.as_os_str().as_encoded_bytes())
        ),
        STAGING.to_owned(),
    )
}

/// What the staging folder needs.
pub(super) const STAGING: &str = "give the user that Splunk runs as write permission on $SPLUNK_HOME/var/run/splunk \
                                  and the folder lookup_tmp in it, and make room on that disk";
