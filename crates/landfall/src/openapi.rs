//! `landfall openapi`: the description of the HTTP API.

use crate::outcome::{CliError, Outcome};
use crate::terminal;

/// Print the OpenAPI description of the HTTP API
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  landfall openapi > openapi.json")]
pub(crate) struct OpenapiArgs {}

/// Prints it.
pub(crate) fn run() -> Result<Outcome, CliError> {
    terminal::print(&format_args!("{:#}", landfall_http::openapi()))?;
    Ok(Outcome::Done)
}
