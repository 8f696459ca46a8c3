//! Encryption on the way to the database: what the URL says of it, with rustls.
//!
//! A connection is either plain or encrypted, and where it is encrypted the server proves who it is: to encrypt
//! without that, as libpq's `require` does, keeps nobody out who can stand in between.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::error::OpenError;

/// What a URL says of encryption.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Security {
    /// Whether the connection is encrypted.
    pub(crate) encrypted: bool,
    /// A file with the certificates of those who vouch for the server; none: those that the system trusts.
    pub(crate) roots: Option<String>,
}

impl Security {
    /// Takes what is about encryption out of a URL (`…?sslmode=verify-full&sslrootcert=/etc/ca.pem`) or a list of
    /// settings (`host=… sslmode=verify-full`): the library knows fewer words for it.
    pub(crate) fn take(url: &str) -> Result<(Self, String), OpenError> {
        let mut security = Self::default();
        let is_url = url.starts_with("postgres://") || url.starts_with("postgresql://");
        let (place, settings, between) = match url.split_once('?') {
            Some((place, settings)) if is_url => (place, settings, '&'),
            None if is_url => return Ok((security, url.to_owned())),
            _ => ("", url, ' '),
        };
        let mut rest: Vec<&str> = Vec::new();
        for setting in settings.split(between) {
            match setting.split_once('=') {
                Some(("sslmode", mode)) => security.encrypted = encrypted(mode)?,
                Some(("sslrootcert", path)) => {
                    let path = percent_encoding::percent_decode_str(path).decode_utf8();
                    let path =
                        path.map_err(|error| OpenError::Url(format!("sslrootcert: {error}")))?;
                    security.roots = (path != "system").then(|| path.into_owned());
                }
                _ => rest.push(setting),
            }
        }
        let settings = rest.join(between.encode_utf8(&mut [0; 4]));
        let url = match (is_url, settings.is_empty()) {
            (true, true) => place.to_owned(),
            (true, false) => format!("{place}?{settings}"),
            (false, _) => settings,
        };
        Ok((security, url))
    }

    /// What makes connections encrypted. Where they are to be plain it is never asked.
    pub(crate) fn connector(&self) -> Result<MakeRustlsConnect, OpenError> {
        let mut roots = RootCertStore::empty();
        if self.encrypted {
            self.trust(&mut roots)?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| OpenError::Url(format!("TLS: {error}")))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(MakeRustlsConnect::new(config))
    }

    fn trust(&self, roots: &mut RootCertStore) -> Result<(), OpenError> {
        let Some(path) = &self.roots else {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            return Ok(());
        };
        let wrong = |reason: String| OpenError::Url(format!("sslrootcert {path}: {reason}"));
        let certificates = CertificateDer::pem_file_iter(path)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|error| wrong(error.to_string()))?;
        if certificates.is_empty() {
            return Err(wrong("there is no certificate in it".into()));
        }
        for certificate in certificates {
            roots
                .add(certificate)
                .map_err(|error| wrong(error.to_string()))?;
        }
        Ok(())
    }
}

/// Whether libpq's word for how to encrypt means that it is done.
fn encrypted(mode: &str) -> Result<bool, OpenError> {
    match mode {
        "disable" => Ok(false),
        "require" | "verify-ca" | "verify-full" => Ok(true),
        "allow" | "prefer" => Err(OpenError::Url(format!(
            "sslmode={mode} leaves it to the server whether anybody can listen; say disable or verify-full"
        ))),
        other => Err(OpenError::Url(format!("sslmode={other} is none"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_says_how_to_encrypt() {
        let take = |url| Security::take(url).unwrap();
        let plain = Security::default();
        let system = Security {
            encrypted: true,
            roots: None,
        };
        let own = Security {
            encrypted: true,
            roots: Some("/etc/my ca.pem".into()),
        };
        for (url, security, rest) in [
            ("postgres://a:b@h/d", &plain, "postgres://a:b@h/d"),
            ("postgres://h/d?sslmode=disable", &plain, "postgres://h/d"),
            (
                "postgres://h/d?sslmode=verify-full",
                &system,
                "postgres://h/d",
            ),
            (
                "postgresql://h/d?connect_timeout=3&sslmode=require&application_name=x",
                &system,
                "postgresql://h/d?connect_timeout=3&application_name=x",
            ),
            (
                "postgres://h/d?sslrootcert=/etc/my%20ca.pem&sslmode=verify-ca",
                &own,
                "postgres://h/d",
            ),
            (
                "postgres://h/d?sslrootcert=system&sslmode=verify-full",
                &system,
                "postgres://h/d",
            ),
            (
                "host=h dbname=d sslmode=require",
                &system,
                "host=h dbname=d",
            ),
        ] {
            assert_eq!(take(url), (security.clone(), rest.to_owned()), "{url}");
        }
    }

    #[test]
    fn what_protects_nobody_is_refused() {
        for mode in ["prefer", "allow", "yes", ""] {
            let taken = Security::take(&format!("postgres://h/d?sslmode={mode}"));
            assert!(matches!(taken, Err(OpenError::Url(_))), "{mode}");
        }
        let missing = Security {
            encrypted: true,
            roots: Some("/nowhere/ca.pem".into()),
        };
        assert!(matches!(missing.connector(), Err(OpenError::Url(_))));
    }
}
