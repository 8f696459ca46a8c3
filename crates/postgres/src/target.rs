//! Where the database is: a URL, read once.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::error::OpenError;
use crate::tls::Security;

/// A database server, a database on it, and how to get in. Its text has no password.
#[derive(Clone)]
pub struct Target {
    config: Config,
    pub(crate) tls: MakeRustlsConnect,
}

/// After so long without a sign of life from the database's machine a connection is given up: one that lost its power,
/// or its network, does not say so.
const GONE_AFTER: Duration = Duration::from_secs(10);
/// A machine is asked for a sign of life when nothing was heard of it for so long.
const ALIVE_AFTER: Duration = Duration::from_secs(5);
/// What the library takes where the URL does not say when to ask.
const NEVER_ASKED: Duration = Duration::from_hours(2);

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(
    clippy::struct_field_names,
    reason = "they are called as the server calls them"
)]
pub(crate) struct Session {
    pub(crate) connect_timeout: Duration,
    pub(crate) statement_timeout: Duration,
    pub(crate) lock_timeout: Duration,
    pub(crate) idle_timeout: Duration,
}

impl Session {
    /// How long an answer may take: longer than the database lets a statement take. None: as long as it takes.
    pub(crate) fn patience(&self) -> Option<Duration> {
        let limited = !self.statement_timeout.is_zero();
        limited.then(|| self.statement_timeout + self.connect_timeout)
    }
}

impl Target {
    /// Reads a URL such as `postgres://user:password@host:5432/name?sslmode=verify-full`, or `host=… user=…`.
    ///
    /// `sslmode` is `disable`, as by default, or `require`, `verify-ca` or `verify-full`: these all encrypt, and the
    /// server must prove that it is the host named. Who vouches for it is in the file `sslrootcert`, or else in
    /// `ca_file`, or is trusted by the system. `sslcert` and `sslkey` are files with a certificate of our own and its
    /// key, for a server that asks for one.
    pub fn parse(url: &str, ca_file: Option<&Path>) -> Result<Self, OpenError> {
        let (security, url) = Security::take(url, ca_file)?;
        let mut config = url.parse::<Config>().map_err(|error| {
            use std::error::Error as _;
            let cause = error
                .source()
                .map_or_else(|| error.to_string(), ToString::to_string);
            OpenError::Url(cause)
        })?;
        // Else a part of the password would be told as the host.
        let tcp = |host: &Host| matches!(host, Host::Tcp(host) if host.contains('@'));
        if config.get_hosts().iter().any(tcp) {
            let reason = "the host has an @; in a user's name or a password it is written %40";
            return Err(OpenError::Url(reason.into()));
        }
        config.ssl_mode(if security.encrypted {
            SslMode::Require
        } else {
            SslMode::Disable
        });
        Ok(Self {
            config,
            tls: security.connector()?,
        })
    }

    /// The same, with all that is made and asked for in a schema of this name, which is a plain word.
    pub(crate) fn within(&self, schema: &str) -> Self {
        let mut target = self.clone();
        let own = self.config.get_options().unwrap_or_default();
        let options = format!("{own} -c search_path={schema}");
        target.config.options(options.trim_start());
        target
    }

    /// The configuration of a connection, with more settings as the server takes them at its start.
    ///
    /// Statements are prepared once and never planned again for the values at hand, and their plans go by the indexes:
    /// there is one for everything that a unit of work asks, and a plan made when a table was empty must not read
    /// all of it when it is large.
    pub(crate) fn config(&self, session: &Session, settings: &str) -> Config {
        let mut config = self.config.clone();
        let millis = |duration: Duration| duration.as_millis();
        let mut options = config
            .get_options()
            .map_or_else(String::new, |own| format!("{own} "));
        let ours = format!(
            "-c statement_timeout={} -c lock_timeout={} -c idle_in_transaction_session_timeout={} \
             -c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c enable_hashjoin=off \
             -c enable_mergejoin=off -c jit=off {settings}",
            millis(session.statement_timeout),
            millis(session.lock_timeout),
            millis(session.idle_timeout),
        );
        options.push_str(&ours);
        // A pooler may take a blank at the end for a setting without a name.
        config.options(options.trim_end());
        config.connect_timeout(session.connect_timeout);
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(GONE_AFTER);
        }
        if config.get_keepalives_idle() == NEVER_ASKED {
            config.keepalives_idle(ALIVE_AFTER);
        }
        if config.get_keepalives_interval().is_none() {
            config.keepalives_interval(ALIVE_AFTER);
        }
        if config.get_application_name().is_none() {
            config.application_name("landfall");
        }
        config
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = match self.config.get_hosts().first() {
            Some(Host::Tcp(host)) => host.clone(),
            #[cfg(unix)]
            Some(Host::Unix(path)) => path.display().to_string(),
            None => "localhost".to_owned(),
        };
        let port = self.config.get_ports().first().copied().unwrap_or(5432);
        let name = self
            .config
            .get_dbname()
            .or(self.config.get_user())
            .unwrap_or_default();
        write!(f, "postgres://{host}:{port}/{name}")
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Target({self})")
    }
}
