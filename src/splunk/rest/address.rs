//! Where splunkd listens: `https://127.0.0.1:8089`, and nothing that is not on this machine.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use crate::text::escape;

/// A loopback address of splunkd's REST interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    tls: bool,
    host: Host,
    port: u16,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Host {
    Literal(IpAddr),
    /// The name `localhost`. It is never looked up: a resolver must not decide where the session key goes.
    Localhost,
}

/// Why an address is not used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadAddress {
    /// It is not of the form `https://<host>:<port>`.
    #[error("expected splunkd's address as https://<host>:<port>, found {0}")]
    NoAddress(String),
    /// It is, or may be, that of another machine.
    #[error(
        "splunkd's address {0} is not a loopback address: the session key is sent to this machine alone"
    )]
    Elsewhere(String),
}

impl Address {
    /// Whether it is spoken to over TLS.
    pub fn tls(&self) -> bool {
        self.tls
    }

    /// The addresses to connect to, in order.
    pub fn sockets(&self) -> Vec<SocketAddr> {
        let hosts = match self.host {
            Host::Literal(address) => vec![address],
            Host::Localhost => vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()],
        };
        hosts
            .into_iter()
            .map(|host| SocketAddr::new(host, self.port))
            .collect()
    }
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls { "https" } else { "http" };
        match self.host {
            Host::Literal(IpAddr::V6(host)) => {
                write!(formatter, "{scheme}://[{host}]:{}", self.port)
            }
            Host::Literal(host) => write!(formatter, "{scheme}://{host}:{}", self.port),
            Host::Localhost => write!(formatter, "{scheme}://localhost:{}", self.port),
        }
    }
}

impl FromStr for Address {
    type Err = BadAddress;

    fn from_str(uri: &str) -> Result<Self, Self::Err> {
        let no_address = || BadAddress::NoAddress(escape::quoted(uri.as_bytes()));
        let (scheme, rest) = uri.split_once("://").ok_or_else(no_address)?;
        let tls = match scheme {
            "https" => true,
            "http" => false,
            _ => return Err(no_address()),
        };
        let (host, port) = rest
            .strip_suffix('/')
            .unwrap_or(rest)
            .rsplit_once(':')
            .ok_or_else(no_address)?;
        let digits = port.bytes().all(|byte| byte.is_ascii_digit());
        let port = port
            .parse()
            .ok()
            .filter(|_| digits)
            .ok_or_else(no_address)?;
        let host =
            loopback(host).ok_or_else(|| BadAddress::Elsewhere(escape::quoted(uri.as_bytes())))?;
        Ok(Self { tls, host, port })
    }
}

/// The host in an address; `None` if it may be another machine.
fn loopback(host: &str) -> Option<Host> {
    if host == "localhost" {
        return Some(Host::Localhost);
    }
    let literal = match host.strip_prefix('[') {
        Some(rest) => IpAddr::V6(rest.strip_suffix(']')?.parse().ok()?),
        None => IpAddr::V4(host.parse().ok()?),
    };
    literal.is_loopback().then_some(Host::Literal(literal))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_addresses_are_understood() {
        for (uri, sockets) in [
            ("https://127.0.0.1:8089", vec!["127.0.0.1:8089"]),
            ("http://127.8.9.1:18089/", vec!["127.8.9.1:18089"]),
            ("https://[::1]:8089", vec!["[::1]:8089"]),
            (
                "https://localhost:8089",
                vec!["127.0.0.1:8089", "[::1]:8089"],
            ),
        ] {
            let address: Address = uri.parse().unwrap();
            let expected: Vec<SocketAddr> = sockets.iter().map(|s| s.parse().unwrap()).collect();
            assert_eq!(address.sockets(), expected, "{uri}");
            assert_eq!(address.to_string(), uri.trim_end_matches('/'));
            assert_eq!(address.tls(), uri.starts_with("https"));
        }
    }

    #[test]
    fn the_session_key_goes_nowhere_else() {
        for uri in [
            "https://192.0.2.7:8089",
            "https://search1.example.com:8089",
            "https://127.0.0.1.example.com:8089",
            "https://user@127.0.0.1:8089",
            "https://127.0.0.1@192.0.2.7:8089",
            "https://localhost.:8089",
            "https://0.0.0.0:8089",
            "https://[::ffff:127.0.0.1]:8089",
            "https://[2001:db8::1]:8089",
            "https://127.0.0.1:8089/x:1",
            "https://127.1:8089",
            "https://2130706433:8089",
        ] {
            let found: Result<Address, _> = uri.parse();
            assert!(matches!(found, Err(BadAddress::Elsewhere(_))), "{uri}");
        }
        for uri in [
            "",
            "127.0.0.1:8089",
            "ftp://127.0.0.1:8089",
            "https://127.0.0.1",
            "https://127.0.0.1:99999",
            "https://127.0.0.1:+8089",
        ] {
            let found: Result<Address, _> = uri.parse();
            assert!(matches!(found, Err(BadAddress::NoAddress(_))), "{uri}");
        }
    }
}
