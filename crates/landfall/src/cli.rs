//! The command line: what can be said, and who does it.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::allocate::{self, AllocateArgs};
use crate::apply::{self, ApplyArgs};
use crate::audit::{self, AuditArgs};
use crate::backup::{self, BackupArgs};
use crate::bench::{self, BareHttpArgs, BenchArgs, BenchError};
use crate::bootstrap::{Outside, OutsideArgs};
use crate::clock;
use crate::config::{self, Common, ConfigArgs, Otlp, Settings};
use crate::demo::{self, DemoArgs};
use crate::events::{self, EventsArgs};
use crate::explain::{self, ExplainArgs};
use crate::export::{self, ExportArgs};
use crate::import::{self, ImportArgs};
use crate::keys::{self, KeysArgs};
use crate::logging;
use crate::openapi::{self, OpenapiArgs};
use crate::outcome::{CliError, Outcome};
use crate::report::{self, ReportArgs};
use crate::serve::{self, ServeArgs};
use crate::simulate::{self, SimulateArgs};
use crate::views::{self, ViewsArgs};

/// Stock allocation and order promising, for goods that may still be at sea
#[derive(Debug, Parser)]
#[command(
    name = "landfall",
    version,
    propagate_version = true,
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = "Results go to standard output, everything else to standard error.\n\
        Exit codes: 0 done, 1 failed, 2 wrong usage, 3 done but some rows were rejected.\n\
        Flags come before LANDFALL_* variables, and these before the configuration file.\n\n\
        Example:\n  landfall demo"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(ServeArgs),
    Demo(DemoArgs),
    Allocate(AllocateArgs),
    Import(ImportArgs),
    Export(ExportArgs),
    Apply(ApplyArgs),
    Audit(AuditArgs),
    Explain(ExplainArgs),
    Report(ReportArgs),
    Events(EventsArgs),
    Views(ViewsArgs),
    Backup(BackupArgs),
    Config(ConfigArgs),
    Keys(KeysArgs),
    Openapi(OpenapiArgs),
    Simulate(SimulateArgs),
    Bench(BenchArgs),
    #[command(hide = true)]
    BenchBareHttp(BareHttpArgs),
}

impl Command {
    /// What is logged where nothing is said: a service tells what it does, a command only what is wrong.
    fn log(&self) -> &'static str {
        match self {
            Self::Serve(_) | Self::Demo(_) => "info",
            _ => "warn",
        }
    }

    /// Where traces go: only a service has some.
    fn otlp(&self, settings: &Settings) -> Result<Option<Otlp>, CliError> {
        match self {
            Self::Serve(args) => args.otlp(settings),
            _ => Ok(None),
        }
    }
}

/// Does what the process was started for.
pub(crate) fn run() -> ExitCode {
    let cli = Cli::parse();
    match carry_out(&cli) {
        Ok(code) => code,
        Err(error) => error.report(),
    }
}

fn carry_out(cli: &Cli) -> Result<ExitCode, CliError> {
    let common = &cli.common;
    let settings = Settings::load(common.config.as_deref())?;
    let otlp = cli.command.otlp(&settings)?;
    let _traces = logging::start(common, &settings, cli.command.log(), otlp)?;
    let outcome: Outcome = match &cli.command {
        Command::Serve(args) => serve::run(args, common, &settings),
        Command::Demo(args) => demo::run(args, common, &settings),
        Command::Allocate(args) => allocate::run(args, &settings),
        Command::Import(args) => import::run(args, &settings),
        Command::Export(args) => export::run(args, &settings),
        Command::Apply(args) => apply::run(args, &settings),
        Command::Audit(args) => audit::run(args, &settings),
        Command::Explain(args) => explain::run(args, &settings),
        Command::Report(args) => report::run(args, &settings),
        Command::Events(args) => events::run(args, &settings, &|sink| {
            let outside = Outside::read(&settings, &OutsideArgs::default())?;
            outside.for_replay().publisher(sink, &clock::system())
        }),
        Command::Views(args) => views::run(args, &settings),
        Command::Backup(args) => backup::run(args, &settings),
        Command::Config(args) => {
            serve::check(&settings)?;
            config::run(args, &settings)
        }
        Command::Keys(args) => keys::run(args, &settings),
        Command::Openapi(_) => openapi::run(),
        Command::Simulate(args) => simulate::run(args),
        Command::Bench(args) => return bench::run(args, &settings).map_err(benched),
        Command::BenchBareHttp(args) => {
            return bench::run_bare_http(args)
                .map(|()| ExitCode::SUCCESS)
                .map_err(benched);
        }
    }?;
    Ok(outcome.into())
}

fn benched(error: BenchError) -> CliError {
    match error {
        BenchError::Url { .. } => CliError::Usage(error.to_string()),
        other => CliError::Failed(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_makes_sense() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_has_help_with_an_example() {
        for command in Cli::command()
            .get_subcommands()
            .filter(|command| !command.is_hide_set())
        {
            let name = command.get_name();
            assert!(command.get_about().is_some(), "{name}");
            let help = command.get_after_help().map(ToString::to_string);
            let help = help.unwrap_or_default();
            assert!(help.contains(&format!("landfall {name}")), "{name}: {help}");
        }
    }
}
