//! Encryption on the way to the database: what the URL says of it, with rustls.
//!
//! A connection is either plain or encrypted, and where it is encrypted the server proves who it is: to encrypt
//! without that, as libpq's `require` does, keeps nobody out who can stand in between.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
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
    /// A file with the certificate by which we prove who we are, for a server that asks.
    pub(crate) certificate: Option<String>,
    /// A file with its private key.
    pub(crate) key: Option<String>,
}

impl Security {
    /// Takes what is about encryption out of a URL (`…?sslmode=verify-full&sslrootcert=/etc/ca.pem`) or a list of
    /// settings (`host=… sslmode=verify-full`): the library knows fewer words for it. `roots` holds where that names
    /// no file of its own.
    pub(crate) fn take(url: &str, roots: Option<&Path>) -> Result<(Self, String), OpenError> {
        let mut security = Self {
            roots: roots.map(|path| path.display().to_string()),
            ..Self::default()
        };
        let is_url = url.starts_with("postgres://") || url.starts_with("postgresql://");
        let (place, settings, between) = match url.split_once('?') {
            Some((place, settings)) if is_url => (place, settings, '&'),
            None if is_url => (url, "", '&'),
            _ => ("", url, ' '),
        };
        let mut rest: Vec<&str> = Vec::new();
        for setting in settings
            .split(between)
            .filter(|setting| !setting.is_empty())
        {
            match setting.split_once('=') {
                Some(("sslmode", mode)) => security.encrypted = encrypted(mode)?,
                Some((name @ "sslrootcert", path)) => {
                    let path = file(name, path)?;
                    security.roots = (path != "system").then_some(path);
                }
                Some((name @ "sslcert", path)) => security.certificate = Some(file(name, path)?),
                Some((name @ "sslkey", path)) => security.key = Some(file(name, path)?),
                _ => rest.push(setting),
            }
        }
        security.check()?;
        let settings = rest.join(between.encode_utf8(&mut [0; 4]));
        let url = match (is_url, settings.is_empty()) {
            (true, true) => place.to_owned(),
            (true, false) => format!("{place}?{settings}"),
            (false, _) => settings,
        };
        Ok((security, url))
    }

    /// Whoever names certificates believes that they are looked at.
    fn check(&self) -> Result<(), OpenError> {
        let named = [&self.roots, &self.certificate, &self.key];
        if !self.encrypted && named.iter().any(|file| file.is_some()) {
            return Err(OpenError::Url(
                "certificates are named, but without sslmode=verify-full nothing is encrypted"
                    .into(),
            ));
        }
        if self.certificate.is_some() != self.key.is_some() {
            return Err(OpenError::Url(
                "sslcert and sslkey are needed both, or none".into(),
            ));
        }
        Ok(())
    }

    /// What makes connections encrypted. Where they are to be plain it is never asked.
    pub(crate) fn connector(&self) -> Result<MakeRustlsConnect, OpenError> {
        let mut roots = RootCertStore::empty();
        if self.encrypted {
            self.trust(&mut roots)?;
        }
        let wrong = |error: rustls::Error| OpenError::Url(format!("TLS: {error}"));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(wrong)?
            .with_root_certificates(roots);
        let config = match (&self.certificate, &self.key) {
            (Some(certificate), Some(key)) => {
                let pem = PrivateKeyDer::from_pem_file(key);
                let pem = pem.map_err(|error| OpenError::Url(format!("sslkey {key}: {error}")))?;
                config
                    .with_client_auth_cert(certificates("sslcert", certificate)?, pem)
                    .map_err(wrong)?
            }
            _ => config.with_no_client_auth(),
        };
        Ok(MakeRustlsConnect::new(config))
    }

    fn trust(&self, roots: &mut RootCertStore) -> Result<(), OpenError> {
        let Some(path) = &self.roots else {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            return Ok(());
        };
        for certificate in certificates("sslrootcert", path)? {
            roots
                .add(certificate)
                .map_err(|error| OpenError::Url(format!("sslrootcert {path}: {error}")))?;
        }
        Ok(())
    }
}

/// The path of a file, as a URL has it.
fn file(name: &str, path: &str) -> Result<String, OpenError> {
    let path = percent_encoding::percent_decode_str(path).decode_utf8();
    let path = path.map_err(|error| OpenError::Url(format!("{name}: {error}")))?;
    Ok(path.into_owned())
}

/// The certificates in a file; at least one.
fn certificates(name: &str, path: &str) -> Result<Vec<CertificateDer<'static>>, OpenError> {
    let wrong = |reason: String| OpenError::Url(format!("{name} {path}: {reason}"));
    let found = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| wrong(error.to_string()))?;
    if found.is_empty() {
        return Err(wrong("there is no certificate in it".into()));
    }
    Ok(found)
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
        let take = |url| Security::take(url, None).unwrap();
        let plain = Security::default();
        let system = Security {
            encrypted: true,
            ..plain.clone()
        };
        let own = Security {
            roots: Some("/etc/my ca.pem".into()),
            ..system.clone()
        };
        let proved = Security {
            certificate: Some("/a/c.pem".into()),
            key: Some("/a/k.pem".into()),
            ..system.clone()
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
                "postgres://h/d?sslmode=verify-full&sslcert=/a/c.pem&sslkey=/a/k.pem",
                &proved,
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
        let configured = |url| Security::take(url, Some(Path::new("/etc/ca.pem")));
        let (security, _) = configured("postgres://h/d?sslmode=verify-full").unwrap();
        assert_eq!(security.roots.as_deref(), Some("/etc/ca.pem"));
        let (security, _) =
            configured("postgres://h/d?sslmode=verify-full&sslrootcert=/own.pem").unwrap();
        assert_eq!(security.roots.as_deref(), Some("/own.pem"));
        assert!(configured("postgres://h/d").is_err(), "it would be plain");
    }

    #[test]
    fn what_protects_nobody_is_refused() {
        for mode in ["prefer", "allow", "yes", ""] {
            let taken = Security::take(&format!("postgres://h/d?sslmode={mode}"), None);
            assert!(matches!(taken, Err(OpenError::Url(_))), "{mode}");
        }
        for settings in [
            "sslrootcert=/ca.pem",
            "sslmode=disable&sslrootcert=/ca.pem",
            "sslmode=verify-full&sslcert=/c.pem",
            "sslmode=verify-full&sslkey=/k.pem",
        ] {
            let url = format!("postgres://h/d?{settings}");
            let taken = Security::take(&url, None);
            assert!(matches!(taken, Err(OpenError::Url(_))), "{url}");
        }
        let missing = Security {
            encrypted: true,
            roots: Some("/nowhere/ca.pem".into()),
            ..Security::default()
        };
        assert!(matches!(missing.connector(), Err(OpenError::Url(_))));
    }
}
