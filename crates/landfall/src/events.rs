//! `landfall events`: the log, where the sinks stand, what they refused, and how it goes out again.

mod log;
mod replay;
mod sinks;

use std::sync::Arc;

use clap::Subcommand;
use landfall_service::relay::EventPublisher;

use crate::config::Settings;
use crate::outcome::{CliError, Outcome};

/// Makes the publisher of a sink of the configuration. It is called on a runtime.
pub(crate) type Publishers<'a> = dyn Fn(&str) -> Result<Arc<dyn EventPublisher>, CliError> + 'a;

/// Read the event log, see where events go, and send them again
///
/// It works beside a running service.
#[derive(Debug, clap::Args)]
#[command(
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = "Examples:\n  \
        landfall events list --type OutOfStock\n  \
        landfall events tail --follow --json | jq .type\n  \
        landfall events sinks\n  \
        landfall events dead-letters --sink webhook:shop\n  \
        landfall events replay --sink webhook:shop --dead-letters"
)]
pub(crate) struct EventsArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    List(log::ListArgs),
    Tail(log::TailArgs),
    Sinks(sinks::SinksArgs),
    DeadLetters(sinks::DeadLettersArgs),
    Replay(replay::ReplayArgs),
}

/// Does what was asked for.
pub(crate) fn run(
    args: &EventsArgs,
    settings: &Settings,
    publishers: &Publishers<'_>,
) -> Result<Outcome, CliError> {
    match &args.what {
        What::List(args) => log::list(args, settings),
        What::Tail(args) => log::tail(args, settings),
        What::Sinks(args) => sinks::run(args, settings),
        What::DeadLetters(args) => sinks::dead_letters(args, settings),
        What::Replay(args) => replay::run(args, settings, publishers),
    }
}
