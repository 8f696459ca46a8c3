//! The log on standard error, and the line that says where a service listens.

use std::io::IsTerminal as _;

use tracing::{Level, Metadata};
use tracing_subscriber::filter::{FilterExt as _, filter_fn};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _};

use crate::bootstrap::replica_name;
use crate::config::{Common, LogFormat, Otlp, Settings};
use crate::outcome::CliError;
use crate::traces::{self, Traces};

/// Starts the log, and traces where a collector is named. `default` is the filter where nothing is said. What
/// is returned sends traces until it is dropped.
pub(crate) fn start(
    common: &Common,
    settings: &Settings,
    default: &str,
    otlp: Option<Otlp>,
) -> Result<Option<Traces>, CliError> {
    let (filter, format) = settings.log(common, default);
    let filter = EnvFilter::try_new(&filter)
        .map_err(|error| CliError::usage(format!("--log {filter}: {error}")))?;
    let filter = filter.and(filter_fn(is_for_the_log));
    let log = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let log = match format {
        LogFormat::Text => log
            .with_ansi(std::io::stderr().is_terminal())
            .with_filter(filter)
            .boxed(),
        LogFormat::Json => log.json().flatten_event(true).with_filter(filter).boxed(),
    };
    let registry = tracing_subscriber::registry().with(log);
    match otlp {
        None => {
            registry.init();
            Ok(None)
        }
        Some(otlp) => {
            let process = format!("process {}", std::process::id());
            let replica = replica_name(settings.replica().as_deref(), &process);
            let (traces, layer) = traces::start(&otlp, &replica)?;
            registry.with(layer).init();
            Ok(Some(traces))
        }
    }
}

/// Whether a line may be logged at all, whatever the filter says.
fn is_for_the_log(line: &Metadata<'_>) -> bool {
    // Spans are for the collector; a filter that asks for everything would show each of them here too.
    if line.target() == traces::TARGET {
        return false;
    }
    // What libraries say below this level is for those who write them, and some of it holds passwords: the
    // NATS client writes down the URL that it connects to.
    line.target().starts_with("landfall") || *line.level() <= Level::INFO
}

/// Says that there are no keys, whatever is logged.
pub(crate) fn no_keys(format: LogFormat) {
    match format {
        LogFormat::Text => eprintln!(
            "there are no API keys: only this machine can connect, and whoever does can do everything; \
             landfall keys create makes a key, which closes this door"
        ),
        LogFormat::Json => {
            tracing::warn!(
                "there are no API keys: only this machine can connect, and whoever does can do everything"
            );
        }
    }
}

/// Says where the service listens. As text it is a line of its own, which scripts wait for, whatever is
/// logged.
pub(crate) fn listening(format: LogFormat, url: &str) {
    match format {
        LogFormat::Text => eprintln!("listening on {url}"),
        LogFormat::Json => tracing::info!(url, "listening"),
    }
}
