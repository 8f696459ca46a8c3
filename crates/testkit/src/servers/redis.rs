//! Redis for tests.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde_json::Value;

use super::leash::{self, Leash};
use super::{REDIS, Skip, dial, on_path, url_variable};

/// A server of the test's own, which it may pause and kill. It keeps its data in a file, so that what it
/// confirmed is there again after [`Self::restart`].
#[derive(Debug)]
pub struct RedisServer {
    /// `None` only while it is down.
    leash: Option<Leash>,
    program: PathBuf,
    directory: PathBuf,
    port: u16,
}

impl RedisServer {
    /// Starts a server for this test, on a free port.
    pub fn start() -> Result<Self, Skip> {
        let program = program()?;
        let directory = leash::directory("redis");
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
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// The port that it listens on, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
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

    /// Starts it again after [`Self::kill`], on the same port, with the data that it had.
    pub fn restart(&mut self) {
        self.kill();
        let leash = run(&self.program, &self.directory, self.port);
        let up = leash.waits(|| answers(self.port));
        self.leash = Some(leash);
        assert!(up, "Redis does not start again on port {}", self.port);
    }
}

fn run(program: &Path, directory: &Path, port: u16) -> Leash {
    let port = port.to_string();
    let place = directory.display().to_string();
    let arguments = [
        ["--port", &port],
        ["--bind", "127.0.0.1"],
        ["--dir", &place],
        ["--save", ""],
        ["--appendonly", "yes"],
        ["--appendfsync", "no"],
    ];
    let arguments: Vec<String> = arguments.as_flattened().iter().map(|&a| a.into()).collect();
    Leash::start(directory, "TERM", program, &arguments, None)
}

fn program() -> Result<PathBuf, Skip> {
    on_path("redis-server")
        .ok_or_else(|| Skip::new("Redis is not installed (`redis-server` is not on the path)"))
}

/// Whether a Redis on this port has loaded its data.
fn answers(port: u16) -> bool {
    let asked = dial(port).and_then(|mut stream| {
        stream.write_all(b"PING\r\n")?;
        let mut answer = [0; 5];
        stream.read_exact(&mut answer)?;
        Ok(answer)
    });
    asked.is_ok_and(|answer| answer == *b"+PONG")
}

/// What a Redis on this port answers to a command, for a look at what is there.
pub fn ask(port: u16, command: &[&str]) -> Value {
    let asked = dial(port).and_then(|mut stream| {
        let words = command
            .iter()
            .map(|word| format!("${}\r\n{word}\r\n", word.len()));
        let words = format!("*{}\r\n{}", command.len(), words.collect::<String>());
        stream.write_all(words.as_bytes())?;
        answer(&mut BufReader::new(stream))
    });
    asked.unwrap_or_else(|error| panic!("Redis, {command:?}: {error}"))
}

/// An answer in Redis' protocol (RESP 2).
fn answer(from: &mut impl BufRead) -> std::io::Result<Value> {
    let mut line = String::new();
    from.read_line(&mut line)?;
    let strange = || std::io::Error::other(format!("Redis says {line:?}"));
    let (kind, rest) = line.trim_end().split_at_checked(1).ok_or_else(strange)?;
    let length = || rest.parse::<i64>().map_err(|_| strange());
    match kind {
        "+" => Ok(rest.into()),
        ":" => Ok(length()?.into()),
        "$" => {
            let Ok(length) = usize::try_from(length()?) else {
                return Ok(Value::Null);
            };
            let mut text = vec![0; length + 2];
            from.read_exact(&mut text)?;
            text.truncate(length);
            Ok(String::from_utf8_lossy(&text).into())
        }
        "*" => (0..length()?).map(|_| answer(from)).collect(),
        _ => Err(strange()),
    }
}

/// The URL of the server that is there for all tests. Others use it, too: keep to keys and channels that begin
/// with [`super::unique_name`].
pub fn shared() -> Result<String, Skip> {
    static SERVER: OnceLock<Result<RedisServer, Skip>> = OnceLock::new();
    if let Some(url) = url_variable(REDIS) {
        return Ok(url);
    }
    match SERVER.get_or_init(RedisServer::start) {
        Ok(server) => Ok(server.url()),
        Err(skip) => Err(skip.clone()),
    }
}
