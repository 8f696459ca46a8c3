//! `landfall serve`: the service, from the first connection that it accepts to the last answer that it owes.

use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use landfall_http::{App, Limits};
use landfall_service::Bus;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use crate::bootstrap::{self, Engine};
use crate::config::{CalendarArgs, Common, DatabaseArgs, LogFormat, Settings};
use crate::logging;
use crate::outcome::{CliError, Outcome};

/// How often it is looked at whether the engine is still there.
const LOOK_AT_ENGINE: Duration = Duration::from_secs(1);

/// Run the service
///
/// It ends on SIGTERM or SIGINT, when everything that it has accepted is answered; a second signal ends it
/// at once.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    landfall serve\n  \
    landfall serve --listen 127.0.0.1:8080 --database sqlite:/var/lib/landfall/stock.db\n  \
    landfall serve --time-zone Europe/London --handling-days 2 --log-format json")]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(flatten)]
    listen: ListenArgs,
    #[command(flatten)]
    calendar: CalendarArgs,
}

/// Where a service listens.
#[derive(Debug, clap::Args)]
pub(crate) struct ListenArgs {
    #[arg(
        long,
        value_name = "HOST:PORT",
        help = "Where to listen; port 0 takes a free one [default: 127.0.0.1:5005] \
                [env: LANDFALL_LISTEN]"
    )]
    listen: Option<String>,
    #[arg(
        long,
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        help = "Listen where other machines can connect, though whoever can connect can do everything \
                [env: LANDFALL_INSECURE_NO_KEYS]"
    )]
    insecure_no_keys: Option<bool>,
}

/// Runs the service.
pub(crate) fn run(
    args: &ServeArgs,
    common: &Common,
    settings: &Settings,
) -> Result<Outcome, CliError> {
    let (runtime, listener) = listen(&args.listen, settings)?;
    let calendar = settings.calendar(&args.calendar)?;
    let engine = bootstrap::open_service(&settings.database(&args.database), calendar, settings)?;
    let format = settings.log(common, "info").1;
    run_on(runtime, listener, engine, format, |_, _| Ok(()))
}

/// Takes the address before anything else, so that a database is not opened in vain.
pub(crate) fn listen(
    args: &ListenArgs,
    settings: &Settings,
) -> Result<(Runtime, TcpListener), CliError> {
    let listen = settings.listen(args.listen.clone());
    let addresses = resolve(&listen)?;
    if !settings.insecure_no_keys(args.insecure_no_keys) {
        refuse_other_machines(&listen, &addresses)?;
    }
    let runtime = bootstrap::runtime()?;
    let listener = runtime
        .block_on(TcpListener::bind(addresses.as_slice()))
        .map_err(|error| CliError::failed(format!("cannot listen on {listen}: {error}")))?;
    Ok((runtime, listener))
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

/// There are no keys yet: whoever can connect can do everything.
fn refuse_other_machines(listen: &str, addresses: &[SocketAddr]) -> Result<(), CliError> {
    if addresses.iter().all(|address| address.ip().is_loopback()) {
        return Ok(());
    }
    Err(CliError::usage(format!(
        "--listen {listen}: other machines could connect, and whoever can connect can do everything; \
         listen on 127.0.0.1, or say --insecure-no-keys if the network keeps strangers out"
    )))
}

/// Serves on a listener until a signal comes. `meanwhile` is called once it listens, with the URL; what it
/// starts has to end when the token is cancelled.
pub(crate) fn run_on(
    runtime: Runtime,
    listener: TcpListener,
    mut engine: Engine,
    format: LogFormat,
    meanwhile: impl FnOnce(&str, &CancellationToken) -> Result<(), CliError>,
) -> Result<Outcome, CliError> {
    let stopping = CancellationToken::new();
    let engine_failed = Arc::new(AtomicBool::new(false));
    let app = App {
        bus: engine.bus.clone(),
        views: engine.views.clone(),
        calendar: engine.calendar.clone(),
        stats: engine.stats.clone(),
        stopping: stopping.clone(),
    };
    let served = runtime.block_on(async {
        let address = listener
            .local_addr()
            .map_err(|error| CliError::failed(format!("cannot listen: {error}")))?;
        let url = format!("http://{address}");
        engine
            .announce(&url)
            .map_err(|error| CliError::failed(format!("cannot write the lock file: {error}")))?;
        watch_signals(&stopping)?;
        watch_engine(engine.bus.clone(), &stopping, &engine_failed);
        logging::listening(format, &url);
        meanwhile(&url, &stopping)?;
        let limits = Limits::default();
        let router = landfall_http::router(app, &limits);
        landfall_http::serve(listener, router, limits, stopping)
            .await
            .map_err(|error| CliError::failed(format!("cannot serve: {error}")))
    });
    // Requests that would not end in time go with the runtime; then no handle of the bus is left, and the
    // engine ends when it has answered what it has accepted.
    drop(runtime);
    engine.finish();
    served?;
    if engine_failed.load(Ordering::Relaxed) {
        return Err(CliError::failed(
            "the engine has failed, see the log; what was acknowledged is in the database",
        ));
    }
    Ok(Outcome::Done)
}

/// Ends the service when its engine has ended before it, which only an error of ours can do: whoever
/// watches over the process starts it again, and a service that answers nothing but 503 would be left.
fn watch_engine(bus: Bus, stopping: &CancellationToken, failed: &Arc<AtomicBool>) {
    let (stopping, failed) = (stopping.clone(), Arc::clone(failed));
    tokio::spawn(async move {
        let ended = async {
            while bus.is_open() {
                tokio::time::sleep(LOOK_AT_ENGINE).await;
            }
        };
        if stopping.run_until_cancelled(ended).await.is_some() {
            failed.store(true, Ordering::Relaxed);
            stopping.cancel();
        }
    });
}

/// The first signal asks the service to end, the second ends it.
fn watch_signals(stopping: &CancellationToken) -> Result<(), CliError> {
    let failed = |error: std::io::Error| CliError::failed(format!("cannot watch signals: {error}"));
    let mut signals = Signals::new().map_err(failed)?;
    let stopping = stopping.clone();
    tokio::spawn(async move {
        signals.next().await;
        tracing::info!("stopping: no more is accepted, what was accepted is answered");
        stopping.cancel();
        signals.next().await;
        tracing::warn!("stopped by a second signal");
        // What was acknowledged is on the disk; the rest was promised to nobody.
        std::process::exit(1);
    });
    Ok(())
}

/// The signals that end a service.
#[cfg(unix)]
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(listen: &str) -> bool {
        refuse_other_machines(listen, &resolve(listen).unwrap()).is_err()
    }

    #[test]
    fn only_this_machine_can_connect() {
        assert!(!refused("127.0.0.1:0"));
        assert!(!refused("127.1.2.3:5005"));
        assert!(!refused("[::1]:5005"));
        assert!(refused("0.0.0.0:5005"));
        assert!(refused("[::]:5005"));
        assert!(refused("192.0.2.1:5005"));
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
