//! TLS for the HTTP client. ureq's own connector asks authorities and compares host names; this one knows splunkd by
//! its certificate alone.

use std::fmt;
use std::io::{Read, Write};
use std::net::IpAddr;
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, Either, LazyBuffers, NextTimeout, Transport,
    TransportAdapter,
};

use super::server_cert::ServerCert;

/// Wraps a connection in TLS where the address is `https`.
#[derive(Debug)]
pub(super) struct TlsConnector {
    config: Option<Arc<ClientConfig>>,
}

impl TlsConnector {
    /// For the server with the certificate `splunkd`; without one, for plain HTTP alone.
    ///
    /// # Errors
    /// The library has no usable protocol version: it cannot happen with those that are built in.
    pub(super) fn new(splunkd: Option<ServerCert>) -> Result<Self, rustls::Error> {
        let config = splunkd.map(client_config).transpose()?;
        Ok(Self {
            config: config.map(Arc::new),
        })
    }
}

fn client_config(splunkd: ServerCert) -> Result<ClientConfig, rustls::Error> {
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(splunkd))
        .with_no_client_auth();
    config.enable_sni = false;
    Ok(config)
}

impl<In: Transport> Connector<In> for TlsConnector {
    type Out = Either<In, TlsTransport>;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, ureq::Error> {
        let Some(transport) = chained else {
            return Ok(None);
        };
        match &self.config {
            Some(config) if details.needs_tls() => {
                let wrapped = TlsTransport::handshake(Arc::clone(config), details, transport)?;
                Ok(Some(Either::B(wrapped)))
            }
            // The client itself refuses to speak to an https address without TLS.
            _ => Ok(Some(Either::A(transport))),
        }
    }
}

/// The TLS handshake failed: no request was sent.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub(super) struct NoHandshake(pub(super) std::io::Error);

/// A connection in TLS.
pub(super) struct TlsTransport {
    buffers: LazyBuffers,
    stream: StreamOwned<ClientConnection, TransportAdapter>,
}

impl TlsTransport {
    fn handshake(
        config: Arc<ClientConfig>,
        details: &ConnectionDetails<'_>,
        transport: impl Transport,
    ) -> Result<Self, ureq::Error> {
        // The library wants a name; ServerCert does not compare it.
        let name = ServerName::from(IpAddr::from([127, 0, 0, 1]));
        let mut conn = ClientConnection::new(config, name).map_err(std::io::Error::other)?;
        let mut sock = TransportAdapter::new(transport.boxed(), Arc::clone(&details.current_time));
        sock.set_timeout(details.timeout);
        conn.complete_io(&mut sock)
            .map_err(|cause| match cause.into() {
                ureq::Error::Io(cause) => std::io::Error::other(NoHandshake(cause)).into(),
                other => other,
            })?;
        Ok(Self {
            buffers: LazyBuffers::new(
                details.config.input_buffer_size(),
                details.config.output_buffer_size(),
            ),
            stream: StreamOwned { conn, sock },
        })
    }
}

impl Transport for TlsTransport {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        self.stream.get_mut().set_timeout(timeout);
        let output = self.buffers.output().get(..amount).unwrap_or_default();
        self.stream.write_all(output)?;
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        self.stream.get_mut().set_timeout(timeout);
        let amount = self.stream.read(self.buffers.input_append_buf())?;
        self.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    fn is_open(&mut self) -> bool {
        self.stream.get_mut().get_mut().is_open()
    }

    fn is_tls(&self) -> bool {
        true
    }
}

impl fmt::Debug for TlsTransport {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("TlsTransport")
    }
}
