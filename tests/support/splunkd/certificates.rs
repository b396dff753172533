//! Certificates made for one test.

use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, SigningKey, date_time_ymd,
};

/// A certificate authority, with the name of the one that Splunk brings along.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: Vec<u8>,
}

/// A server's certificate and private key.
#[derive(Clone)]
pub(crate) struct Identity {
    pub(crate) certificate: Vec<u8>,
    pub(crate) key: Vec<u8>,
}

impl Authority {
    /// A new one.
    pub(crate) fn new() -> Self {
        let mut params = named("SplunkCommonCA");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let signed = params.self_signed(&key).expect("a certificate");
        Self {
            certificate: signed.der().to_vec(),
            issuer: Issuer::new(params, key),
        }
    }

    /// Itself as a server, which every owner of Splunk's authority can be.
    pub(crate) fn identity(&self) -> Identity {
        Identity {
            certificate: self.certificate.clone(),
            key: self.issuer.key().serialize_der(),
        }
    }

    /// A certificate as Splunk makes it for itself: its name is no host's.
    pub(crate) fn issue(&self) -> Identity {
        self.issue_with(named("SplunkServerDefaultCert"))
    }

    /// One that expired long ago.
    pub(crate) fn issue_expired(&self) -> Identity {
        let mut params = named("SplunkServerDefaultCert");
        params.not_after = date_time_ymd(2020, 1, 1);
        self.issue_with(params)
    }

    fn issue_with(&self, params: CertificateParams) -> Identity {
        let key = KeyPair::generate().expect("a key");
        let signed = params.signed_by(&key, &self.issuer);
        Identity {
            certificate: signed.expect("a certificate").der().to_vec(),
            key: key.serialize_der(),
        }
    }
}

fn named(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

impl Identity {
    /// Self-signed and of X.509 version 1, which has no extensions: `openssl x509 -req` without an extension file.
    pub(crate) fn version_1() -> Self {
        let key = KeyPair::generate().expect("a key");
        let version_3 = named("SplunkServerDefaultCert").self_signed(&key);
        let certificate = version_3.expect("a certificate").der().to_vec();
        let fields = children(contents(children(contents(&certificate))[0]));
        // [0] version, serial number, algorithm, issuer, validity, subject, public key, [3] extensions
        let to_be_signed = wrapped(0x30, &fields[1..7].concat());
        let signature = key.sign(&to_be_signed).expect("a signature");
        let bits = wrapped(0x03, &[vec![0], signature].concat());
        let whole = [to_be_signed, fields[2].to_vec(), bits].concat();
        Self {
            certificate: wrapped(0x30, &whole),
            key: key.serialize_der(),
        }
    }

    /// The same certificate with another private key: what a thief of the certificate has.
    pub(crate) fn without_its_key(&self) -> Self {
        Self {
            key: KeyPair::generate().expect("a key").serialize_der(),
            ..self.clone()
        }
    }

    /// Certificate and private key as text, as in etc/auth/server.pem.
    pub(crate) fn pem(&self) -> String {
        format!("{}{ENCRYPTED_KEY}", self.certificate_pem())
    }

    /// The certificate alone.
    pub(crate) fn certificate_pem(&self) -> String {
        format!(
            "-----BEGIN CERTIFICATE-----\n{}-----END CERTIFICATE-----\n",
            base64_lines(&self.certificate)
        )
    }
}

/// A private key as it is in PEM files; only splunkd reads it.
const ENCRYPTED_KEY: &str =
    "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";

fn base64_lines(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let [a, b, c] = [0, 1, 2].map(|at| u32::from(*group.get(at).unwrap_or(&0)));
        let number = a << 16 | b << 8 | c;
        for place in 0..4 {
            let digit = DIGITS[(number >> (18 - 6 * place)) as usize & 63];
            text.push(if place <= group.len() {
                char::from(digit)
            } else {
                '='
            });
        }
        text.push('\n');
    }
    text
}

/// The contents of a DER element.
fn contents(element: &[u8]) -> &[u8] {
    let (header, length) = measured(element);
    &element[header..header + length]
}

/// The elements that stand one after the other.
fn children(mut bytes: &[u8]) -> Vec<&[u8]> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let (header, length) = measured(bytes);
        let (child, rest) = bytes.split_at(header + length);
        found.push(child);
        bytes = rest;
    }
    found
}

/// The lengths of an element's header and contents.
fn measured(element: &[u8]) -> (usize, usize) {
    match element[1] {
        short @ 0..=0x7f => (2, usize::from(short)),
        long => {
            let digits = usize::from(long & 0x7f);
            let length = element[2..2 + digits]
                .iter()
                .fold(0, |length, digit| length << 8 | usize::from(*digit));
            (2 + digits, length)
        }
    }
}

fn wrapped(tag: u8, contents: &[u8]) -> Vec<u8> {
    let length = contents.len();
    let header = match length {
        0..=0x7f => vec![tag, length as u8],
        0x80..=0xff => vec![tag, 0x81, length as u8],
        _ => vec![tag, 0x82, (length >> 8) as u8, length as u8],
    };
    [header, contents.to_vec()].concat()
}
