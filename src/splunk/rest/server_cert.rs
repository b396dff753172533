//! The certificate by which splunkd is known: exactly the one that splunkd's own configuration names.
//!
//! A server is accepted if it sends that very certificate and the handshake proves that it has the private key. No
//! authority, date or host name counts: the search runs on splunkd's machine and reads the file that splunkd reads,
//! which only splunkd's user could write. The authority that signs the certificates which Splunk makes for itself proves
//! nothing: it is the same in every download, with its private key (Splunk's product advisory on default root
//! certificates, May 2016).
//!
//! Those certificates may be of X.509 version 1. rustls takes the key for a handshake's signature from version 3 alone,
//! so webpki, on which rustls is built, takes it here from the file's certificate.

use std::path::Path;
use std::sync::Arc;

use memchr::memmem;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{WebPkiSupportedAlgorithms, ring, verify_tls13_signature_with_raw_key};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, SubjectPublicKeyInfoDer, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, Error, OtherError, SignatureScheme};

use super::conf;
use crate::text::escape;

/// splunkd's certificate, as its configuration names it.
#[derive(Debug)]
pub struct ServerCert {
    /// Where it was read, for messages.
    file: String,
    certificate: CertificateDer<'static>,
    key: SubjectPublicKeyInfoDer<'static>,
    algorithms: WebPkiSupportedAlgorithms,
}

/// splunkd's certificate cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("read splunkd's certificate {file}: {cause}")]
pub struct NoServerCert {
    file: String,
    cause: String,
}

/// Why a server is not splunkd. The file is the one with splunkd's certificate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotSplunkd {
    /// The server has another certificate than splunkd.
    #[error("the server's certificate is not the first one in {0}")]
    OtherCertificate(String),
    /// The server has splunkd's certificate, which is no secret, but not its private key.
    #[error(
        "the server has the certificate in {0}, but does not prove that it has the private key"
    )]
    NoPrivateKey(String),
}

impl ServerCert {
    /// Reads the certificate of the Splunk in `splunk_home`.
    ///
    /// # Errors
    /// The file that is configured cannot be read, or its first certificate cannot.
    pub fn read(splunk_home: &Path) -> Result<Self, NoServerCert> {
        let path = conf::server_cert(splunk_home);
        let file = escape::escaped(path.as_os_str().as_encoded_bytes());
        let text = conf::read(&path).map_err(|cause| cause.to_string());
        match text.and_then(|text| first_certificate(&text)) {
            Ok((certificate, key)) => Ok(Self {
                file,
                certificate,
                key,
                algorithms: ring::default_provider().signature_verification_algorithms,
            }),
            Err(cause) => Err(NoServerCert { file, cause }),
        }
    }

    fn no_private_key(&self) -> Error {
        NotSplunkd::NoPrivateKey(self.file.clone()).into()
    }
}

/// The first certificate in a PEM file and its public key. The first is the server's own, as in OpenSSL, wherever the
/// private key stands; what follows is the chain.
fn first_certificate(
    text: &[u8],
) -> Result<(CertificateDer<'static>, SubjectPublicKeyInfoDer<'static>), String> {
    let damaged =
        |cause: &dyn std::error::Error| format!("its first certificate is damaged: {cause}");
    let start = memmem::find(text, b"-----BEGIN CERTIFICATE-----").ok_or("no certificate in it")?;
    let pem = text.get(start..).unwrap_or_default();
    let certificate = CertificateDer::from_pem_slice(pem).map_err(|cause| damaged(&cause))?;
    // Of any version, and no matter what it may be used for.
    let fields = webpki::anchor_from_trusted_cert(&certificate).map_err(|cause| damaged(&cause))?;
    let key = webpki::spki_for_anchor(&fields);
    Ok((certificate, key))
}

impl ServerCertVerifier for ServerCert {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if *certificate == self.certificate {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(NotSplunkd::OtherCertificate(self.file.clone()).into())
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        _certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let key =
            webpki::RawPublicKeyEntity::try_from(&self.key).map_err(|_| self.no_private_key())?;
        let mapping = self.algorithms.mapping.iter();
        let valid = mapping
            .filter(|(scheme, _)| *scheme == signed.scheme)
            .flat_map(|(_, algorithms)| *algorithms)
            .any(|algorithm| {
                key.verify_signature(*algorithm, message, signed.signature())
                    .is_ok()
            });
        valid
            .then(HandshakeSignatureValid::assertion)
            .ok_or_else(|| self.no_private_key())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        _certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature_with_raw_key(message, &self.key, signed, &self.algorithms)
            .map_err(|_| self.no_private_key())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

impl NotSplunkd {
    /// The reason in a handshake's error, where that is one of these.
    pub(super) fn in_error(error: &Error) -> Option<&Self> {
        match error {
            Error::InvalidCertificate(CertificateError::Other(OtherError(cause))) => {
                cause.downcast_ref()
            }
            _ => None,
        }
    }
}

impl From<NotSplunkd> for Error {
    fn from(cause: NotSplunkd) -> Self {
        CertificateError::Other(OtherError(Arc::new(cause))).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, KeyPair};

    fn pem() -> String {
        let key = KeyPair::generate().unwrap();
        CertificateParams::default()
            .self_signed(&key)
            .unwrap()
            .pem()
    }

    #[test]
    fn the_first_certificate_is_splunkds_wherever_the_key_stands() {
        let (own, chain) = (pem(), pem());
        let key = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: DES-EDE3-CBC,00FF\n\nAAAA\n\
                   -----END RSA PRIVATE KEY-----\n";
        let expected = CertificateDer::from_pem_slice(own.as_bytes()).unwrap();
        for text in [
            own.clone(),
            format!("{own}{key}{chain}"),
            format!("{key}{own}{chain}"),
            format!("{own}{chain}{key}"),
            format!("Certificate:\n    Data:\n{own}").replace('\n', "\r\n"),
        ] {
            let (found, _) = first_certificate(text.as_bytes()).unwrap();
            assert_eq!(found, expected, "{text}");
        }
    }

    /// The chain's certificates are those of authorities, whose keys others have.
    #[test]
    fn a_damaged_first_certificate_is_not_passed_over() {
        let (own, chain) = (pem(), pem());
        let lines = |text: &str, skip: usize| -> String {
            text.split_inclusive('\n')
                .enumerate()
                .filter(|(at, _)| *at != skip)
                .map(|(_, line)| line)
                .collect()
        };
        let end = own.lines().count() - 1;
        for first in [
            own.replacen("MII", "M!I", 1),
            lines(&own, 2),
            lines(&own, end),
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_owned(),
        ] {
            let found = first_certificate(format!("{first}{chain}").as_bytes());
            let cause = found.unwrap_err();
            assert!(
                cause.starts_with("its first certificate is damaged: "),
                "{cause}"
            );
        }
        let none =
            first_certificate(b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
        assert_eq!(none.unwrap_err(), "no certificate in it");
    }
}
