//! TLS: the certificate, its key, and the handshake.
//!
//! TLS 1.2 and 1.3 as rustls has them, HTTP/1.1 above it. The files can be read again while the service runs:
//! new connections get the new certificate, and a file that is no good changes nothing.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// Why there can be no TLS with these files. What is in them is not told.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read, or is not in PEM.
    #[error("{}: {reason}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// Certificate and key do not go together, or are of a kind that is not known.
    #[error("{} and {}: {reason}", .certificate.display(), .key.display())]
    Unfit {
        /// The file of the certificate.
        certificate: PathBuf,
        /// The file of the key.
        key: PathBuf,
        /// Why.
        reason: String,
    },
}

/// A certificate and its key, and where they come from.
pub struct Tls {
    certificate: PathBuf,
    key: PathBuf,
    config: RwLock<Arc<ServerConfig>>,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls")
            .field("certificate", &self.certificate)
            .finish_non_exhaustive()
    }
}

impl Tls {
    /// Reads a certificate (the chain, the server's own first) and its private key, both in PEM.
    pub fn load(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        Ok(Self {
            certificate: certificate.to_owned(),
            key: key.to_owned(),
            config: RwLock::new(read(certificate, key)?),
        })
    }

    /// Reads both files again. If they are no good, what was there before stays.
    pub fn reload(&self) -> Result<(), TlsError> {
        let config = read(&self.certificate, &self.key)?;
        *self.config.write().unwrap_or_else(PoisonError::into_inner) = config;
        Ok(())
    }

    pub(crate) async fn shake_hands(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        let config = {
            let config = self.config.read().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(&config)
        };
        TlsAcceptor::from(config).accept(stream).await
    }
}

fn read(certificate: &Path, key: &Path) -> Result<Arc<ServerConfig>, TlsError> {
    let file = |path: &Path, reason: String| TlsError::File {
        path: path.to_owned(),
        reason,
    };
    let unfit = |error: rustls::Error| TlsError::Unfit {
        certificate: certificate.to_owned(),
        key: key.to_owned(),
        reason: error.to_string(),
    };
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| file(certificate, error.to_string()))?;
    if chain.is_empty() {
        return Err(file(certificate, "there is no certificate in it".into()));
    }
    let private =
        PrivateKeyDer::from_pem_file(key).map_err(|error| file(key, error.to_string()))?;
    // Named, so that no other crate's choice of a provider makes a difference.
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(unfit)?
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .map_err(unfit)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
