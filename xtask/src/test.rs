//! `cargo xtask test`: the arrows, the schemas, then every test of the workspace, with the servers that they need.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::metadata;
use crate::servers::{Servers, Which};
use crate::{Outcome, arrows, command, schemas, tools};

/// The crate whose contract suite is run on a second PostgreSQL.
const POSTGRES: &str = "landfall-postgres";
/// The same, for nextest.
const OF_POSTGRES: &str = "package(landfall-postgres) and binary(contract)";

/// What to run.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  cargo xtask test                 everything
  cargo xtask test -- shortage     the tests whose name contains `shortage`")]
pub(crate) struct Args {
    /// Passed on to the test runner: a part of a test's name, or flags of the runner.
    /// The examples in the docs are left out then, as most of the runner's flags mean nothing there, and so is
    /// the second PostgreSQL.
    #[arg(last = true)]
    runner: Vec<String>,
}

/// Runs everything, and stops at the first thing that fails.
pub(crate) fn run(args: &Args) -> Outcome<()> {
    arrows::run()?;
    schemas::check()?;
    let metadata = metadata::read()?;
    let folder = metadata.target_directory.join("tools");
    tools::install();
    let nats = tools::nats(&folder).inspect_err(|error| eprintln!("tools: no NATS: {error}"));
    let nats = nats.ok();
    if args.runner.is_empty() {
        // These first, so that the last line of the run counts the tests proper.
        command::run(Command::new("cargo").args(["test", "--workspace", "--doc"]))?;
        if metadata.packages.iter().any(|found| found.name == POSTGRES) {
            on_newest_postgres(&folder)?;
        }
    }
    let servers = Servers::start(&Which {
        nats: nats.as_deref(),
        ..Which::default()
    })?;
    let mut runner = runner(&["--workspace"]);
    if let Some(nats) = &nats {
        runner.env("LANDFALL_NATS_BIN", nats);
    }
    servers.tell(&mut runner);
    command::run(runner.args(&args.runner))
}

/// The contract suite on the newest PostgreSQL that is tried; all other tests meet the one that is installed.
fn on_newest_postgres(tools: &Path) -> Outcome<()> {
    let place = Temporary::new()?;
    let programs = match tools::newest_postgres(tools, &place.0) {
        Ok(programs) => programs,
        // Nothing is left out unseen where nobody reads along.
        Err(error) if std::env::var_os("CI").is_some_and(|ci| ci == "true") => return Err(error),
        Err(error) => {
            eprintln!("tools: no second PostgreSQL: {error}");
            return Ok(());
        }
    };
    let servers = Servers::start(&Which {
        names: &["postgres"],
        postgres: Some(&programs),
        nats: None,
    })?;
    // A package alone would want its dependencies with other features than the workspace does, and so once more.
    let mut runner = if has_nextest() {
        runner(&["--workspace", "-E", OF_POSTGRES])
    } else {
        runner(&["-p", POSTGRES, "--test", "contract"])
    };
    servers.tell(&mut runner);
    command::run(&mut runner)
}

/// nextest where it is installed, as it runs the tests of all crates side by side; else cargo's own.
fn runner(what: &[&str]) -> Command {
    let mut cargo = Command::new("cargo");
    if has_nextest() {
        cargo.args(["nextest", "run"]).args(what);
    } else {
        cargo.arg("test").args(what);
        if !what.contains(&"--test") {
            // Naming the kinds of target leaves the examples in the docs out: they ran already.
            cargo.args(["--lib", "--bins", "--tests", "--examples"]);
        }
    }
    cargo
}

fn has_nextest() -> bool {
    command::is_there(Command::new("cargo").args(["nextest", "--version"]))
}

/// A directory that everybody may look into, removed at the end.
struct Temporary(PathBuf);

impl Temporary {
    fn new() -> Outcome<Self> {
        let name = format!("landfall-tools-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // The servers in it have ended. What cannot be removed is the system's to clear.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
