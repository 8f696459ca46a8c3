//! One PostgreSQL, one Redis and one NATS for a whole run of the tests, so that not every test has to start its
//! own. They end with this value.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::command::{self, shown};
use crate::{Outcome, metadata};

/// Running servers.
pub(crate) struct Servers {
    /// Ends them when its standard input does.
    process: Child,
    /// What the tests have to be told: variables of the environment.
    variables: Vec<(String, String)>,
}

/// Which servers, and where their programs are.
#[derive(Debug, Default)]
pub(crate) struct Which<'a> {
    /// By name; none: all.
    pub(crate) names: &'a [&'a str],
    /// The directory of PostgreSQL's programs; none: the installed ones.
    pub(crate) postgres: Option<&'a Path>,
    /// The program `nats-server`; none: the installed one.
    pub(crate) nats: Option<&'a Path>,
}

impl Servers {
    /// Starts them, through the same code as a test that starts its own.
    pub(crate) fn start(which: &Which<'_>) -> Outcome<Self> {
        // As a part of the whole workspace: alone it would want its dependencies with other features, and so once more.
        let mut cargo = Command::new("cargo");
        command::run(cargo.args(["build", "-q", "--workspace", "--example", "servers"]))?;
        let program = metadata::read()?.target_directory;
        let mut command = Command::new(program.join("debug/examples/servers"));
        command
            .args(which.names)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        if let Some(programs) = which.postgres {
            command.env("LANDFALL_PG_BIN", programs);
        }
        if let Some(program) = which.nats {
            command.env("LANDFALL_NATS_BIN", program);
        }
        eprintln!("$ {}", shown(&command));
        let mut process = command
            .spawn()
            .map_err(|error| format!("cannot start `{}`: {error}", shown(&command)))?;
        let mut variables = Vec::new();
        let mut ready = false;
        if let Some(stdout) = process.stdout.take() {
            for line in BufReader::new(stdout).lines() {
                let line = line?;
                let Some((name, url)) = line.split_once('=') else {
                    ready = true;
                    break;
                };
                eprintln!("servers: {name}={url}");
                variables.push((name.to_owned(), url.to_owned()));
            }
        }
        let servers = Self { process, variables };
        if ready {
            Ok(servers)
        } else {
            Err("the servers for the tests do not start".into())
        }
    }

    /// Where one of them is, by its variable.
    pub(crate) fn url(&self, variable: &str) -> Outcome<String> {
        let mut variables = self.variables.iter();
        let found = variables.find(|(name, _)| name == variable);
        found
            .map(|(_, url)| url.clone())
            .ok_or_else(|| format!("no server for {variable}").into())
    }

    /// Tells a command where they are.
    pub(crate) fn tell(&self, command: &mut Command) {
        command.envs(self.variables.iter().map(|(name, url)| (name, url)));
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        if let Err(error) = self.process.wait() {
            eprintln!("servers: {error}");
        }
    }
}
