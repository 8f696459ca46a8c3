//! The log on standard error, and the line that says where a service listens.

use tracing_subscriber::EnvFilter;

use crate::config::{Common, LogFormat, Settings};
use crate::outcome::CliError;

/// Starts the log. `default` is the filter where nothing is said.
pub(crate) fn start(common: &Common, settings: &Settings, default: &str) -> Result<(), CliError> {
    let (filter, format) = settings.log(common, default);
    let filter = EnvFilter::try_new(&filter)
        .map_err(|error| CliError::usage(format!("--log {filter}: {error}")))?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    match format {
        LogFormat::Text => {
            use std::io::IsTerminal;
            builder.with_ansi(std::io::stderr().is_terminal()).init();
        }
        LogFormat::Json => builder.json().flatten_event(true).init(),
    }
    Ok(())
}

/// Says where the service listens. As text it is a line of its own, which scripts wait for, whatever is
/// logged.
pub(crate) fn listening(format: LogFormat, url: &str) {
    match format {
        LogFormat::Text => eprintln!("listening on {url}"),
        LogFormat::Json => tracing::info!(url, "listening"),
    }
}
