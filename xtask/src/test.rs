//! `cargo xtask test`: the arrows, the schemas, then every test of the workspace.

use std::process::Command;

use crate::{Outcome, arrows, command, schemas};

/// What to run.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  cargo xtask test                 everything
  cargo xtask test -- shortage     the tests whose name contains `shortage`")]
pub(crate) struct Args {
    /// Passed on to the test runner: a part of a test's name, or flags of the runner.
    /// The examples in the docs are left out then, as most of the runner's flags mean nothing there.
    #[arg(last = true)]
    runner: Vec<String>,
}

/// Runs everything, and stops at the first thing that fails.
pub(crate) fn run(args: &Args) -> Outcome<()> {
    arrows::run()?;
    schemas::check()?;
    // The examples first, so that the last line of the run counts the tests proper.
    if args.runner.is_empty() {
        command::run(Command::new("cargo").args(["test", "--workspace", "--doc"]))?;
    }
    command::run(runner().args(&args.runner))
}

/// nextest where it is installed, as it runs the tests of all crates side by side; else cargo's own.
fn runner() -> Command {
    let mut cargo = Command::new("cargo");
    if command::is_there(Command::new("cargo").args(["nextest", "--version"])) {
        cargo.args(["nextest", "run", "--workspace"]);
    } else {
        // Naming the kinds of target leaves the examples in the docs out: they ran already.
        cargo.args([
            "test",
            "--workspace",
            "--lib",
            "--bins",
            "--tests",
            "--examples",
        ]);
    }
    cargo
}
