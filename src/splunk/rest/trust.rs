//! Which server is splunkd: the one that has the certificate in splunkd's own configuration, or one that Splunk's
//! certificate authority has signed.
//!
//! ```text
//! server.conf [sslConfig] serverCert       else etc/auth/server.pem     that very certificate is accepted as it is
//! server.conf [sslConfig] sslRootCAPath    else etc/auth/cacert.pem     what they have signed is accepted
//! ```
//!
//! The authority that signs the certificates which Splunk makes for itself is the same in every download, with its
//! private key (Splunk's product advisory on default root certificates, May 2016), and those certificates need not fit
//! today's rules: no host name, X.509 version 1, expired. So the certificate on the disk, which only splunkd's user could
//! have put there, is the better proof; the handshake shows that the server has its private key. Host names are not
//! compared: the address is on this machine, and splunkd's certificates carry another name or none.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, SubjectPublicKeyInfoDer};

use super::conf;
use crate::text::escape;

/// The most that is read of a certificate file, in bytes.
const MAX_BYTES: u64 = 1 << 20;

/// The certificates by which splunkd is known.
#[derive(Debug)]
pub struct Trust {
    own: Option<Own>,
    authorities: RootCertStore,
    /// The files that were looked into, for messages.
    looked_into: Vec<String>,
}

/// splunkd's own certificate, as its configuration names it.
#[derive(Debug)]
struct Own {
    certificate: CertificateDer<'static>,
    key: SubjectPublicKeyInfoDer<'static>,
}

/// There is nothing to know splunkd by.
#[derive(Debug, thiserror::Error)]
#[error("no certificate to know splunkd by: {}", .0.join(", "))]
pub struct Untrusted(Vec<String>);

impl Trust {
    /// Reads the certificates of the Splunk in `splunk_home`.
    ///
    /// # Errors
    /// None of the files can be read and has a certificate.
    pub fn read(splunk_home: &Path) -> Result<Self, Untrusted> {
        let mut trust = Self {
            own: None,
            authorities: RootCertStore::empty(),
            looked_into: Vec::new(),
        };
        let server = configured(splunk_home, "serverCert", "etc/auth/server.pem");
        trust.own = trust.certificates(&server).into_iter().find_map(Own::new);
        let authority = configured(splunk_home, "sslRootCAPath", "etc/auth/cacert.pem");
        let authorities = trust.certificates(&authority);
        trust.authorities.add_parsable_certificates(authorities);
        if trust.own.is_none() && trust.authorities.is_empty() {
            return Err(Untrusted(trust.looked_into));
        }
        Ok(trust)
    }

    /// The public key of `certificate`, where that is splunkd's own.
    pub(super) fn own_key(
        &self,
        certificate: &CertificateDer<'_>,
    ) -> Option<&SubjectPublicKeyInfoDer<'static>> {
        let own = self.own.as_ref()?;
        (own.certificate == *certificate).then_some(&own.key)
    }

    /// The authorities whose signature is accepted.
    pub(super) fn authorities(&self) -> &RootCertStore {
        &self.authorities
    }

    /// The files that were looked into.
    pub fn looked_into(&self) -> String {
        self.looked_into.join(", ")
    }

    /// The certificates in a PEM file; none where it cannot be read, which is noted.
    fn certificates(&mut self, path: &Path) -> Vec<CertificateDer<'static>> {
        let file = escape::escaped(path.as_os_str().as_encoded_bytes());
        let (found, note) = match read(path) {
            Ok(text) => {
                let found: Vec<_> = CertificateDer::pem_slice_iter(&text).flatten().collect();
                let none = if found.is_empty() {
                    " (no certificate in it)"
                } else {
                    ""
                };
                (found, format!("{file}{none}"))
            }
            Err(cause) => (Vec::new(), format!("{file} ({cause})")),
        };
        self.looked_into.push(note);
        found
    }
}

impl Own {
    /// The certificate and its public key, whatever its X.509 version.
    fn new(certificate: CertificateDer<'static>) -> Option<Self> {
        let anchor = webpki::anchor_from_trusted_cert(&certificate).ok()?;
        let key = webpki::spki_for_anchor(&anchor);
        Some(Self { certificate, key })
    }
}

fn configured(splunk_home: &Path, setting: &str, otherwise: &str) -> PathBuf {
    match conf::server_conf(splunk_home, "sslConfig", setting) {
        Some(path) => conf::expanded(splunk_home, &path),
        None => splunk_home.join(otherwise),
    }
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    File::open(path)?.take(MAX_BYTES).read_to_end(&mut text)?;
    Ok(text)
}
