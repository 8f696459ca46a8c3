//! Whose certificates are trusted: the system's authorities, and those of a file.

use std::io;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

/// What a client needs to talk TLS with an endpoint.
pub(crate) fn client(ca_file: Option<&Path>) -> io::Result<Arc<ClientConfig>> {
    let mut roots = RootCertStore::empty();
    let system = rustls_native_certs::load_native_certs();
    // Some of a system's certificates may be of a kind that is not understood; the others are enough.
    roots.add_parsable_certificates(system.certs);
    if let Some(file) = ca_file {
        let in_file = |why: String| io::Error::other(format!("{}: {why}", file.display()));
        let certificates =
            CertificateDer::pem_file_iter(file).map_err(|e| in_file(e.to_string()))?;
        let mut found = 0;
        for certificate in certificates {
            let certificate = certificate.map_err(|e| in_file(e.to_string()))?;
            roots.add(certificate).map_err(|e| in_file(e.to_string()))?;
            found += 1;
        }
        if found == 0 {
            return Err(in_file("there is no certificate in it".into()));
        }
    }
    if roots.is_empty() {
        let why = system
            .errors
            .first()
            .map_or_else(String::new, |e| format!(": {e}"));
        return Err(io::Error::other(format!(
            "this system has no certificates to check others by (ca-certificates, or SSL_CERT_FILE){why}"
        )));
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}
