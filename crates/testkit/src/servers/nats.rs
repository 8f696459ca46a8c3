//! NATS with JetStream for tests.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::leash::{self, Leash};
use super::{NATS, NATS_PROGRAM, Skip, dial, on_path, tools, url_variable, variable};

/// A server of the test's own, which it may pause and kill. What JetStream stored is there again after
/// [`Self::restart`].
#[derive(Debug)]
pub struct NatsServer {
    /// `None` only while it is down.
    leash: Option<Leash>,
    program: PathBuf,
    directory: PathBuf,
    port: u16,
}

impl NatsServer {
    /// Starts a server for this test, on a free port.
    pub fn start() -> Result<Self, Skip> {
        let program = program()?;
        let directory = leash::directory("nats");
        let (leash, port) =
            Leash::serve(&directory, |port| run(&program, &directory, port), answers);
        Ok(Self {
            leash: Some(leash),
            program,
            directory,
            port,
        })
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// The port that it listens on, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The program, for a test that starts one with other arguments.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// The directory of its data.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Stops it in its tracks: connections stay open and nothing answers.
    pub fn pause(&self) {
        self.leash.iter().for_each(Leash::pause);
    }

    /// Lets it go on after [`Self::pause`].
    pub fn resume(&self) {
        self.leash.iter().for_each(Leash::resume);
    }

    /// Kills it as a loss of power would.
    pub fn kill(&mut self) {
        self.leash.take().into_iter().for_each(Leash::kill);
    }

    /// Starts it again after [`Self::kill`], on the same port, with the streams that it had.
    pub fn restart(&mut self) {
        self.kill();
        let leash = run(&self.program, &self.directory, self.port);
        let up = leash.waits(|| answers(self.port));
        self.leash = Some(leash);
        assert!(up, "NATS does not start again on port {}", self.port);
    }
}

fn run(program: &Path, directory: &Path, port: u16) -> Leash {
    let port = port.to_string();
    let store = directory.join("jetstream").display().to_string();
    let arguments = ["-a", "127.0.0.1", "-p", &port, "-js", "-sd", &store];
    let arguments = arguments.map(String::from);
    Leash::start(directory, "TERM", program, &arguments, None)
}

/// Where the variable says, where `cargo xtask test` puts it, or on the path.
fn program() -> Result<PathBuf, Skip> {
    if let Some(named) = variable(NATS_PROGRAM) {
        return Ok(named.into());
    }
    let fetched = tools().join("nats-server");
    let found = Some(fetched).filter(|file| file.is_file());
    found.or_else(|| on_path("nats-server")).ok_or_else(|| {
        Skip::new(format!(
            "NATS is not installed (looked at {NATS_PROGRAM}, target/tools and the path for `nats-server`)"
        ))
    })
}

/// Whether a NATS server with JetStream on this port greets.
fn answers(port: u16) -> bool {
    let greeting = dial(port).and_then(|stream| {
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line)?;
        Ok(line)
    });
    greeting.is_ok_and(|line| line.starts_with("INFO ") && line.contains(r#""jetstream":true"#))
}

/// The URL of the server that is there for all tests. Others use it, too: keep to streams and subjects that
/// begin with [`super::unique_name`].
pub fn shared() -> Result<String, Skip> {
    static SERVER: OnceLock<Result<NatsServer, Skip>> = OnceLock::new();
    if let Some(url) = url_variable(NATS) {
        return Ok(url);
    }
    match SERVER.get_or_init(NatsServer::start) {
        Ok(server) => Ok(server.url()),
        Err(skip) => Err(skip.clone()),
    }
}
