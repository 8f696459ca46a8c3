//! The project's own chores: `cargo xtask test`, `cargo xtask arrows`, `cargo xtask schemas`,
//! `cargo xtask replay FILE`, `cargo xtask screenshots`.
//!
//! They live in a crate and not in shell scripts, so that they run wherever the toolchain runs and
//! are checked by the same compiler and lints as the product.

mod arrows;
mod command;
mod metadata;
mod pgbench;
mod replay;
mod schemas;
mod screenshots;
mod servers;
mod test;
mod tools;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// What a chore gives back: an error is one message for a person.
type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// The project's own chores.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Debug, Subcommand)]
enum Chore {
    /// Check the arrows and the schemas, then run all the tests of the workspace.
    Test(test::Args),
    /// Check that every crate depends on what it may depend on, and on nothing else.
    Arrows,
    /// Keep the JSON Schemas of all event types up to date.
    Schemas(schemas::Args),
    /// Play a file of real orders day by day through the command line, and audit the result.
    Replay(replay::Args),
    /// Take pictures of the dashboard.
    Screenshots(screenshots::Args),
    /// Measure the service on PostgreSQL against a function in the database.
    Pgbench(pgbench::Args),
}

/// Lines as a list that follows a sentence.
fn bulleted(lines: &[String]) -> String {
    lines
        .iter()
        .flat_map(|line| ["\n  - ", line.as_str()])
        .collect()
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().chore {
        Chore::Test(args) => test::run(&args),
        Chore::Arrows => arrows::run(),
        Chore::Schemas(args) => schemas::run(&args),
        Chore::Replay(args) => replay::run(&args),
        Chore::Screenshots(args) => screenshots::run(&args),
        Chore::Pgbench(args) => pgbench::run(&args),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }
}
