//! One request and its answer: a form is posted, a status and splunkd's words come back.

use std::io::{self, ErrorKind};
use std::time::Duration;

use serde::Deserialize;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{Connector, NextTimeout, TcpConnector};
use ureq::{Agent, Timeout};

use super::address::Address;
use super::server_cert::{NotSplunkd, ServerCert};
use super::tls::{NoHandshake, TlsConnector};
use crate::splunk::session_key::SessionKey;

/// The most that is read of an answer, in bytes.
const MAX_ANSWER: u64 = 64 << 10;

/// How long each step of an exchange may take.
#[derive(Debug, Clone, Copy)]
pub struct TimeLimits {
    /// To connect, with the TLS handshake.
    pub connect: Duration,
    /// To send the request, which is short.
    pub send: Duration,
    /// For the whole exchange, until the last byte of the answer.
    pub exchange: Duration,
}

impl Default for TimeLimits {
    /// splunkd on the same machine answers in milliseconds, under load in seconds.
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            send: Duration::from_secs(5),
            exchange: Duration::from_secs(15),
        }
    }
}

/// What splunkd answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The texts of its messages, joined with `; `, unescaped; empty if there are none.
    pub said: String,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum ExchangeError {
    /// Nothing was sent: the connection could not be made.
    #[error("no connection: {0}")]
    NoConnection(io::Error),
    /// Nothing was sent: the server did not prove to be splunkd.
    #[error(transparent)]
    NotSplunkd(NotSplunkd),
    /// Nothing was sent: the request cannot be written.
    #[error("{0}")]
    BadRequest(String),
    /// The request may have been carried out, but the answer did not come in time.
    #[error("no answer in time")]
    TimedOut,
    /// The request may have been carried out, but what came back is not an HTTP answer.
    #[error("{0}")]
    Broken(String),
}

/// Talks to one splunkd.
#[derive(Debug)]
pub struct Client {
    agent: Agent,
    address: Address,
}

impl Client {
    /// For splunkd at `address`, which has the certificate `splunkd`; an address with plain HTTP needs none.
    ///
    /// # Errors
    /// The TLS library cannot be set up.
    pub fn new(
        address: Address,
        limits: TimeLimits,
        splunkd: Option<ServerCert>,
    ) -> Result<Self, rustls::Error> {
        let tls = TlsConnector::new(splunkd)?;
        let config = Config::builder()
            .proxy(None)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .max_idle_connections(0)
            .user_agent(concat!("s3newip/", env!("CARGO_PKG_VERSION")))
            .timeout_connect(Some(limits.connect))
            .timeout_send_request(Some(limits.send))
            .timeout_send_body(Some(limits.send))
            .timeout_global(Some(limits.exchange))
            .build();
        let connector = TcpConnector::default().chain(tls);
        let agent = Agent::with_parts(config, connector, Known(address.clone()));
        Ok(Self { agent, address })
    }

    /// Posts `form` (encoded as `application/x-www-form-urlencoded`) to `path` on behalf of the user with `key`.
    ///
    /// # Errors
    /// See [`ExchangeError`].
    pub fn post(&self, path: &str, key: &SessionKey, form: &str) -> Result<Answer, ExchangeError> {
        let request = self
            .agent
            .post(format!("{}{path}?output_mode=json", self.address))
            .header("Authorization", format!("Splunk {}", key.expose()))
            .content_type("application/x-www-form-urlencoded");
        let mut response = request.send(form).map_err(exchange_error)?;
        let status = response.status().as_u16();
        let body = response
            .body_mut()
            .with_config()
            .limit(MAX_ANSWER)
            .read_to_vec();
        match body {
            Ok(body) => Ok(Answer {
                status,
                said: said(&body).replace(key.expose(), "(the session key)"),
            }),
            // The status decides; the texts only explain it.
            Err(ureq::Error::BodyExceedsLimit(_)) => Ok(Answer {
                status,
                said: String::new(),
            }),
            Err(cause) => Err(exchange_error(cause)),
        }
    }
}

fn exchange_error(cause: ureq::Error) -> ExchangeError {
    match cause {
        ureq::Error::Timeout(Timeout::Connect | Timeout::Resolve) => {
            ExchangeError::NoConnection(ErrorKind::TimedOut.into())
        }
        ureq::Error::Timeout(_) => ExchangeError::TimedOut,
        ureq::Error::Io(cause) => io_error(cause),
        ureq::Error::Http(_) => {
            ExchangeError::BadRequest("the session key is not one that fits in a header".to_owned())
        }
        cause => ExchangeError::Broken(cause.to_string()),
    }
}

fn io_error(cause: io::Error) -> ExchangeError {
    match cause.downcast() {
        Ok(NoHandshake(cause)) => {
            let of_tls = cause.get_ref().and_then(|inner| inner.downcast_ref());
            match of_tls.and_then(NotSplunkd::in_error) {
                Some(cause) => ExchangeError::NotSplunkd(cause.clone()),
                None => ExchangeError::NoConnection(cause),
            }
        }
        Err(cause) if is_of_connecting(cause.kind()) => ExchangeError::NoConnection(cause),
        Err(cause) => ExchangeError::Broken(cause.to_string()),
    }
}

/// Whether only connecting fails in this way, so that nothing was sent. localhost has two addresses and the error is the
/// one of the second, IPv6, which the machine may not have.
fn is_of_connecting(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::ConnectionRefused
            | ErrorKind::AddrNotAvailable
            | ErrorKind::NetworkUnreachable
            | ErrorKind::HostUnreachable
            | ErrorKind::NetworkDown
    )
}

/// splunkd's messages in JSON: `{"messages":[{"type":"ERROR","text":"..."}]}`.
#[derive(Debug, Deserialize)]
struct Messages {
    messages: Vec<Message>,
}

#[derive(Debug, Deserialize)]
struct Message {
    text: String,
}

/// The texts of an answer's messages.
fn said(body: &[u8]) -> String {
    let parsed: Result<Messages, _> = serde_json::from_slice(body);
    let texts: Vec<String> = parsed.map_or_else(
        |_| Vec::new(),
        |parsed| parsed.messages.into_iter().map(|one| one.text).collect(),
    );
    texts.join("; ")
}

/// A resolver that looks nothing up.
#[derive(Debug)]
struct Known(Address);

impl Resolver for Known {
    fn resolve(
        &self,
        _uri: &Uri,
        _config: &Config,
        _limit: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let mut found = self.empty();
        for socket in self.0.sockets() {
            found.push(socket);
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splunkds_words_are_found_and_anything_else_is_none() {
        let cases: [(&[u8], &str); 4] = [
            (
                br#"{"messages":[{"type":"ERROR","text":"one"},{"type":"WARN","text":"two"}]}"#,
                "one; two",
            ),
            (br#"{"links":{},"entry":[]}"#, ""),
            (b"<response/>", ""),
            (b"", ""),
        ];
        for (body, expected) in cases {
            assert_eq!(said(body), expected);
        }
    }
}
