//! `landfall serve`: the service, from the first connection that it accepts to the last answer that it owes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use landfall_dashboard::Dashboard;
use landfall_http::{App, Pages};
use landfall_service::Bus;
use landfall_service::access::Doorkeeper;
use tokio_util::sync::CancellationToken;

use crate::bootstrap::{self, Advertised, Engine, Outside, OutsideArgs, RunningOutside};
use crate::config::{CalendarArgs, Common, DashboardMode, DatabaseArgs, LogFormat, Otlp, Settings};
use crate::listen::{self, ListenArgs, Listening, listen, reload_on_hangup};
use crate::logging;
use crate::outcome::{CliError, Outcome};
use crate::traces;

/// How often it is looked at whether the engine is still there.
const LOOK_AT_ENGINE: Duration = Duration::from_secs(1);

/// How long it may take to hand over to other replicas.
const HAND_OVER: Duration = Duration::from_secs(10);

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
    #[arg(
        long,
        value_name = "URL",
        help = "Where other replicas on the same PostgreSQL reach this one, http://HOST:PORT or https://HOST:PORT; port 0 is \
                the one listened on. One of those that say so writes, and the others hand their commands on to it \
                [env: LANDFALL_ADVERTISE]"
    )]
    advertise: Option<String>,
    #[command(flatten)]
    calendar: CalendarArgs,
    #[command(flatten)]
    outside: OutsideArgs,
    #[arg(
        long,
        value_name = "URL",
        help = "Send traces to the OpenTelemetry collector at this http:// URL, as in http://127.0.0.1:4318 \
                [env: LANDFALL_OTLP_URL]"
    )]
    otlp: Option<String>,
}

impl ServeArgs {
    /// Where traces go.
    pub(crate) fn otlp(&self, settings: &Settings) -> Result<Option<Otlp>, CliError> {
        settings.otlp(self.otlp.as_deref())
    }
}

/// Refuses a configuration that the service would refuse, without listening, connecting or opening a database.
pub(crate) fn check(settings: &Settings) -> Result<(), CliError> {
    let database = settings.database(&DatabaseArgs::default());
    listen::check(settings)?;
    settings.calendar(&CalendarArgs::default())?;
    if let Some(advertised) = Advertised::read(settings, None)? {
        advertised.check(&database)?;
    }
    Outside::read(settings, &OutsideArgs::default())?.check()?;
    if let Some(otlp) = settings.otlp(None)? {
        traces::check(&otlp)?;
    }
    bootstrap::check(&database, settings)
}

/// Runs the service.
pub(crate) fn run(
    args: &ServeArgs,
    common: &Common,
    settings: &Settings,
) -> Result<Outcome, CliError> {
    let database = settings.database(&args.database);
    let listening = listen(&args.listen, settings, &database, true)?;
    let calendar = settings.calendar(&args.calendar)?;
    let elsewhere = Elsewhere {
        advertised: Advertised::read(settings, args.advertise.as_deref())?,
        outside: Outside::read(settings, &args.outside)?,
    };
    let engine = bootstrap::open_service(&database, calendar, settings)?;
    let format = settings.log(common, "info").1;
    match listening.door(Arc::clone(&engine.keys), format) {
        Ok(door) => run_on(listening, door, engine, Some(&elsewhere), format, |_, _| {
            Ok(())
        }),
        Err(error) => {
            engine.finish();
            Err(error)
        }
    }
}

/// Where commands and events go and come from, beside the API.
pub(crate) struct Elsewhere {
    /// Other replicas, where they reach this one.
    advertised: Option<Advertised>,
    outside: Outside,
}

/// Serves on a listener until a signal comes. `meanwhile` is called once it listens, with the URL; what it
/// starts has to end when the token is cancelled.
pub(crate) fn run_on(
    listening: Listening,
    door: Doorkeeper,
    mut engine: Engine,
    elsewhere: Option<&Elsewhere>,
    format: LogFormat,
    meanwhile: impl FnOnce(&str, &CancellationToken) -> Result<(), CliError>,
) -> Result<Outcome, CliError> {
    let scheme = listening.scheme();
    let Listening {
        runtime,
        listener,
        tls,
        limits,
        dashboard,
        ..
    } = listening;
    let stopping = CancellationToken::new();
    let engine_failed = Arc::new(AtomicBool::new(false));
    let served = runtime.block_on(async {
        let address = listener
            .local_addr()
            .map_err(|error| CliError::failed(format!("cannot listen: {error}")))?;
        let url = format!("{scheme}://{address}");
        engine
            .announce(&url)
            .map_err(|error| CliError::failed(format!("cannot write the lock file: {error}")))?;
        // Before anybody is told that it listens: whoever knows may send a signal.
        watch_signals(&stopping)?;
        reload_on_hangup(tls.clone())?;
        watch_engine(engine.bus.clone(), &stopping, &engine_failed);
        let advertised = elsewhere.and_then(|elsewhere| elsewhere.advertised.as_ref());
        let taking_part = advertised
            .map(|advertised| advertised.start(&mut engine, address, &stopping))
            .transpose()?;
        let outside = match elsewhere {
            Some(Elsewhere { outside, .. }) => {
                let mut outside = outside
                    .start(&engine, &address.to_string(), &stopping)
                    .await?;
                outside.until_heard(&stopping).await;
                Some(outside)
            }
            None => None,
        };
        logging::listening(format, &url);
        meanwhile(&url, &stopping)?;
        let sinks = outside.as_ref().map(RunningOutside::sinks);
        let projecting = engine.project(&stopping);
        let intakes = outside.as_ref().map(RunningOutside::intakes);
        let app = App {
            bus: engine.bus.clone(),
            views: engine.views.clone(),
            calendar: engine.calendar.clone(),
            door,
            stats: engine.stats.clone(),
            sinks: sinks.unwrap_or_default(),
            desk: Some(engine.desk.clone()),
            desk_stats: Some(Arc::clone(&projecting.stats)),
            intakes: intakes.unwrap_or_default(),
            replicas: taking_part.as_ref().map(|part| Arc::clone(&part.replicas)),
            commits: engine.commits(),
            stopping: stopping.clone(),
        };
        let pages = pages(dashboard, &app, &engine);
        let mut router = landfall_http::router_with(app, &limits, pages);
        if traces::wanted() {
            router = router.layer(axum::middleware::from_fn(traces::trace_request));
        }
        let served = match tls {
            None => landfall_http::serve(listener, router, limits, stopping).await,
            Some(tls) => {
                landfall_http::serve_over_tls(listener, tls, router, limits, stopping).await
            }
        };
        // What came from outside is answered, and every lease handed over, before the engine ends.
        if let Some(outside) = outside
            && tokio::time::timeout(HAND_OVER, outside.join())
                .await
                .is_err()
        {
            tracing::warn!("not every lease was handed over in time; each ends by itself");
        }
        if let Some(taking_part) = taking_part {
            taking_part.join().await;
        }
        if tokio::time::timeout(HAND_OVER, projecting.join())
            .await
            .is_err()
        {
            tracing::warn!(
                "the desk's last step was not ended in time; it is written whole or not at all"
            );
        }
        served.map_err(|error| CliError::failed(format!("cannot serve: {error}")))
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

/// The dashboard, as it is wanted.
fn pages(mode: DashboardMode, app: &App, engine: &Engine) -> Pages {
    let read_only = match mode {
        DashboardMode::On => false,
        DashboardMode::ReadOnly => true,
        DashboardMode::Off => return Pages::default(),
    };
    let site = landfall_dashboard::site(Dashboard {
        bus: app.bus.clone(),
        views: app.views.clone(),
        desk: engine.desk.clone(),
        calendar: app.calendar.clone(),
        door: app.door.clone(),
        sinks: app.sinks.clone(),
        commits: app.commits.clone(),
        stopping: app.stopping.clone(),
        read_only,
    });
    Pages {
        router: site.pages,
        routes: landfall_dashboard::ROUTES,
        elsewhere: Some(site.elsewhere),
    }
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
