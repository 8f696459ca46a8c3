//! Where a service listens, over which protocol, and whom it lets in there.

use std::net::{SocketAddr, ToSocketAddrs};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;

use landfall_http::{Limits, Tls};
use landfall_service::access::{AccessKeys, Doorkeeper, Keyless};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::bootstrap;
use crate::config::{DashboardMode, Database, LogFormat, Settings};
use crate::logging;
use crate::outcome::CliError;

/// Where a service listens.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct ListenArgs {
    #[arg(
        long,
        value_name = "HOST:PORT",
        help = "Where to listen; port 0 takes a free one. Where other machines can connect there must be a key, \
                see landfall keys [default: 127.0.0.1:5005] [env: LANDFALL_LISTEN]"
    )]
    listen: Option<String>,
    #[arg(
        long,
        value_name = "FILE",
        help = "Serve HTTPS with this certificate, in PEM, its chain after it; read again on SIGHUP \
                [env: LANDFALL_TLS_CERT]"
    )]
    tls_cert: Option<PathBuf>,
    #[arg(
        long,
        value_name = "FILE",
        help = "The certificate's private key, in PEM [env: LANDFALL_TLS_KEY]"
    )]
    tls_key: Option<PathBuf>,
    #[arg(
        long,
        value_name = "N",
        help = "Requests a second that each API key may send; 0: any number [default: 10000] \
                [env: LANDFALL_KEY_RATE]"
    )]
    key_rate: Option<u32>,
    #[arg(
        long,
        value_name = "N",
        value_parser = clap::value_parser!(u16).range(0..=1_024),
        help = "Threads that answer requests; 0: one for each core. Where several services share a machine, share its \
                cores out among them [default: 0] [env: LANDFALL_THREADS]"
    )]
    threads: Option<u16>,
    #[arg(
        long,
        value_name = "MODE",
        help = "What the dashboard is there for: on, read-only or off [default: on] [env: LANDFALL_DASHBOARD]"
    )]
    dashboard: Option<DashboardMode>,
}

/// What listens, before anything is served.
pub(crate) struct Listening {
    /// Where the service runs.
    pub(crate) runtime: Runtime,
    /// The address is taken, and nothing accepted yet.
    pub(crate) listener: TcpListener,
    /// None: plain HTTP.
    pub(crate) tls: Option<Arc<Tls>>,
    /// The API's bounds.
    pub(crate) limits: Limits,
    /// What the dashboard is there for.
    pub(crate) dashboard: DashboardMode,
    /// As it was named.
    name: String,
    /// Only this machine can connect.
    local: bool,
}

/// Takes the address before anything else, so that a database is not opened in vain. `guarded`: where other
/// machines can connect there must be a key.
pub(crate) fn listen(
    args: &ListenArgs,
    settings: &Settings,
    database: &Database,
    guarded: bool,
) -> Result<Listening, CliError> {
    let name = settings.listen(args.listen.clone());
    let addresses = resolve(&name)?;
    let local = only_this_machine(&addresses);
    if guarded && !local && !bootstrap::may_have_keys(database) {
        // None is made for a service that will not be.
        return Err(no_keys(&name));
    }
    let tls = tls(args, settings)?;
    let runtime = bootstrap::runtime(settings.threads(args.threads))?;
    let listener = runtime
        .block_on(TcpListener::bind(addresses.as_slice()))
        .map_err(|error| CliError::failed(format!("cannot listen on {name}: {error}")))?;
    let limits = Limits {
        key_rate: NonZeroU32::new(settings.key_rate(args.key_rate)),
        ..Limits::default()
    };
    Ok(Listening {
        runtime,
        listener,
        tls,
        limits,
        dashboard: settings.dashboard(args.dashboard),
        name,
        local,
    })
}

/// Refuses an address, or a certificate, that [`listen`] would refuse before it takes the address.
pub(crate) fn check(settings: &Settings) -> Result<(), CliError> {
    let args = ListenArgs::default();
    resolve(&settings.listen(None))?;
    tls(&args, settings).map(drop)
}

impl Listening {
    /// The doorkeeper of a service on these keys. Without any key only this machine is let in; where others can
    /// connect that is refused.
    pub(crate) fn door(
        &self,
        keys: Arc<dyn AccessKeys>,
        format: LogFormat,
    ) -> Result<Doorkeeper, CliError> {
        let kept = self.runtime.block_on(keys.keys());
        let kept = kept.map_err(|error| CliError::failed(error.to_string()))?;
        if self.local {
            if kept.keys.is_empty() {
                logging::no_keys(format);
            }
            return Ok(Doorkeeper::new(keys, Keyless::Open));
        }
        if kept.keys.iter().all(|key| key.revoked.is_some()) {
            return Err(no_keys(&self.name));
        }
        Ok(Doorkeeper::new(keys, Keyless::Closed))
    }

    /// The scheme of its URL.
    pub(crate) fn scheme(&self) -> &'static str {
        if self.tls.is_some() { "https" } else { "http" }
    }
}

/// Whether nobody else can connect to these.
fn only_this_machine(addresses: &[SocketAddr]) -> bool {
    addresses.iter().all(|address| address.ip().is_loopback())
}

fn no_keys(listen: &str) -> CliError {
    CliError::usage(format!(
        "--listen {listen}: other machines could connect, and there is no API key; make one first (landfall keys \
         create --name NAME --role admin), or listen on 127.0.0.1"
    ))
}

fn resolve(listen: &str) -> Result<Vec<SocketAddr>, CliError> {
    let addresses: Vec<_> = listen
        .to_socket_addrs()
        .map_err(|error| CliError::usage(format!("--listen {listen}: {error}")))?
        .collect();
    if addresses.is_empty() {
        return Err(CliError::usage(format!(
            "--listen {listen}: no such address"
        )));
    }
    Ok(addresses)
}

fn tls(args: &ListenArgs, settings: &Settings) -> Result<Option<Arc<Tls>>, CliError> {
    let files = (
        settings.tls_cert(args.tls_cert.clone()),
        settings.tls_key(args.tls_key.clone()),
    );
    let (certificate, key) = match files {
        (None, None) => return Ok(None),
        (Some(certificate), Some(key)) => (certificate, key),
        (Some(_), None) => return Err(CliError::usage("--tls-cert needs --tls-key beside it")),
        (None, Some(_)) => return Err(CliError::usage("--tls-key needs --tls-cert beside it")),
    };
    warn_if_others_can_read(&key);
    let tls = Tls::load(&certificate, &key);
    let tls = tls.map_err(|error| CliError::failed(error.to_string()))?;
    Ok(Some(Arc::new(tls)))
}

#[cfg(unix)]
fn warn_if_others_can_read(key: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt as _;
    if std::fs::metadata(key).is_ok_and(|data| data.permissions().mode() & 0o004 != 0) {
        tracing::warn!(file = %key.display(), "everybody on this machine can read the private key");
    }
}

#[cfg(not(unix))]
fn warn_if_others_can_read(_: &std::path::Path) {}

/// Reads the certificate again on each SIGHUP, until the runtime ends. Who asks a service without one to read
/// it again does not want it to end; but whoever closes the terminal in which it runs does.
#[cfg(unix)]
pub(crate) fn reload_on_hangup(tls: Option<Arc<Tls>>) -> Result<(), CliError> {
    use std::io::IsTerminal as _;
    use tokio::signal::unix::{SignalKind, signal};
    if tls.is_none() && std::io::stderr().is_terminal() {
        return Ok(());
    }
    let mut hangups = signal(SignalKind::hangup())
        .map_err(|error| CliError::failed(format!("cannot watch signals: {error}")))?;
    tokio::spawn(async move {
        while hangups.recv().await.is_some() {
            match tls.as_ref().map(|tls| tls.reload()) {
                None => tracing::info!("there is no certificate to read again"),
                Some(Ok(())) => tracing::info!("the certificate was read again"),
                Some(Err(error)) => {
                    tracing::error!(%error, "the certificate stays as it was");
                }
            }
        }
    });
    Ok(())
}

#[cfg(not(unix))]
pub(crate) fn reload_on_hangup(_: Option<Arc<Tls>>) -> Result<(), CliError> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_is_this_machine() {
        let local = |listen: &str| only_this_machine(&resolve(listen).unwrap());
        assert!(local("127.0.0.1:0"));
        assert!(local("127.1.2.3:5005"));
        assert!(local("[::1]:5005"));
        assert!(!local("0.0.0.0:5005"));
        assert!(!local("[::]:5005"));
        assert!(!local("192.0.2.1:5005"));
    }

    #[test]
    fn what_is_no_address_is_wrong_usage() {
        for listen in ["5005", "localhost", "127.0.0.1:99999"] {
            assert!(
                matches!(resolve(listen), Err(CliError::Usage(_))),
                "{listen}"
            );
        }
    }
}
