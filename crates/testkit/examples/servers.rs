//! Starts PostgreSQL, Redis and NATS for a whole run of the tests, and says where they are: one `NAME=URL` a line,
//! then an empty line. What is not installed is told on stderr and left out. They end with its standard input.
//!
//! `cargo xtask test` uses it. By hand:
//!
//! ```sh
//! cargo run -p landfall-testkit --example servers -- postgres redis nats
//! ```

use std::io::{Read, Write};

use landfall_testkit::servers::{
    NATS, NatsServer, POSTGRES, PostgresServer, REDIS, RedisServer, Skip,
};

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|word| word == name);
    let postgres = wanted("postgres").then(PostgresServer::start);
    let redis = wanted("redis").then(RedisServer::start);
    let nats = wanted("nats").then(NatsServer::start);
    let mut lines = String::new();
    for (name, url) in [
        (POSTGRES, url(postgres.as_ref(), PostgresServer::url)),
        (REDIS, url(redis.as_ref(), RedisServer::url)),
        (NATS, url(nats.as_ref(), NatsServer::url)),
    ] {
        if let Some(url) = url {
            lines.extend([name, "=", &url, "\n"]);
        }
    }
    let mut stdout = std::io::stdout();
    // Who does not listen any more does not need them either.
    if writeln!(stdout, "{lines}")
        .and_then(|()| stdout.flush())
        .is_ok()
    {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
    }
}

/// The server's URL, if it was asked for and is there.
fn url<S>(server: Option<&Result<S, Skip>>, url: fn(&S) -> String) -> Option<String> {
    match server? {
        Ok(server) => Some(url(server)),
        Err(skip) => {
            eprintln!("{skip}");
            None
        }
    }
}
