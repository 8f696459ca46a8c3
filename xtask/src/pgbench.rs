//! `cargo xtask pgbench`: the service on PostgreSQL against a function in the database that pgbench calls, and a stream of
//! lines against a bare bulk insert of the same rows; each pair in one run on one server, so that the ratio means something
//! on a noisy machine.

use std::process::Command;

use crate::servers::{Servers, Which};
use crate::{Outcome, command};

/// What to measure.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  cargo xtask pgbench                                 all three, three rounds
  cargo xtask pgbench --workloads spread --rounds 1")]
pub(crate) struct Args {
    /// `spread` takes a thousand SKUs, `hot` takes one, both against the function; `ndjson` is a stream of lines of a
    /// thousand SKUs over one connection, against the bare insert.
    #[arg(long, value_delimiter = ',', default_value = "spread,hot,ndjson")]
    workloads: Vec<String>,
    /// Numbers of clients of pgbench, each tried in each round.
    #[arg(long, value_delimiter = ',', default_value = "8,16,32,64")]
    clients: Vec<u32>,
    /// Seconds that each measurement takes.
    #[arg(long, default_value = "8")]
    seconds: u32,
    /// How often all of it is measured.
    #[arg(long, default_value = "3")]
    rounds: u32,
    /// Writers of the service.
    #[arg(long, default_value = "1")]
    writers: u32,
    /// The service's binary; without it, it is built.
    #[arg(long)]
    landfall: Option<String>,
}

/// Measures, and prints a line for each figure.
pub(crate) fn run(args: &Args) -> Outcome<()> {
    let landfall = if let Some(path) = &args.landfall {
        path.clone()
    } else {
        command::run(Command::new("cargo").args(["build", "--release", "-p", "landfall"]))?;
        "target/release/landfall".to_owned()
    };
    let servers = Servers::start(&Which {
        names: &["postgres", "durable"],
        ..Which::default()
    })?;
    let server = servers.url("LANDFALL_TEST_POSTGRES")?;
    for workload in &args.workloads {
        if workload == "ndjson" {
            stream(&landfall, &server, args)?;
            continue;
        }
        let mut best_of_function: Vec<f64> = Vec::new();
        let mut of_service: Vec<f64> = Vec::new();
        for round in 1..=args.rounds {
            let mut best = 0.0_f64;
            for clients in &args.clients {
                let tps = function(&server, workload, *clients, args.seconds)?;
                println!("{workload} round {round}: function, {clients} clients: {tps:.0} lines/s");
                best = best.max(tps);
            }
            let lines = service(&landfall, &server, workload, args)?;
            println!("{workload} round {round}: landfall, 64 connections: {lines:.0} lines/s");
            best_of_function.push(best);
            of_service.push(lines);
        }
        let (function, service) = (median(best_of_function), median(of_service));
        println!(
            "{workload}: landfall {service:.0}, function at its best {function:.0}: {:.2} ×",
            service / function
        );
    }
    Ok(())
}

/// A stream of lines, and the bare insert of their rows in groups of the same size: the service measures both itself.
fn stream(landfall: &str, server: &str, args: &Args) -> Outcome<()> {
    let (mut of_service, mut of_bare, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for round in 1..=args.rounds {
        let more = ["--connections", "1", "--ceiling", "--rounds", "1"];
        let report = bench(landfall, server, "ndjson", args, &more)?;
        let medians = &report["median"];
        let figure = |name: &str| medians[name].as_f64().ok_or_else(|| missing(&report));
        let (service, bare) = (
            figure("lines_per_second")?,
            figure("bare_postgres_lines_per_second")?,
        );
        println!("ndjson round {round}: landfall {service:.0} lines/s, bare insert {bare:.0}");
        of_service.push(service);
        of_bare.push(bare);
        ratios.push(service / bare);
    }
    println!(
        "ndjson: landfall {:.0}, bare insert {:.0}: {:.2} ×",
        median(of_service),
        median(of_bare),
        median(ratios)
    );
    Ok(())
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

/// A new database on the server; its URL.
fn new_database(server: &str, name: &str) -> Outcome<String> {
    for statement in [
        format!("DROP DATABASE IF EXISTS {name}"),
        format!("CREATE DATABASE {name}"),
        "CHECKPOINT".to_owned(),
    ] {
        command::run(Command::new("psql").args(["-q", "-d", server, "-c", &statement]))?;
    }
    let (base, _) = server.rsplit_once('/').unwrap_or((server, ""));
    Ok(format!("{base}/{name}"))
}

/// Lines a second of the function, called by so many clients over the server's socket.
fn function(server: &str, workload: &str, clients: u32, seconds: u32) -> Outcome<f64> {
    let url = new_database(server, "yardstick")?;
    let file = |name: &str| format!("crates/postgres/bench/{name}.sql");
    command::run(Command::new("psql").args(["-q", "-d", &url, "-f", &file("function")]))?;
    let socket = setting(&url, "unix_socket_directories")?;
    let port = setting(&url, "port")?;
    let output = Command::new("pgbench")
        .args(["-n", "-M", "prepared", "-f", &file(workload)])
        .args(["-c", &clients.to_string(), "-j", "2"])
        .args(["-T", &seconds.to_string()])
        .args(["-h", &socket, "-p", &port, "-U", "postgres", "yardstick"])
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines()
        .find_map(|line| line.strip_prefix("tps = "))
        .and_then(|rest| rest.split_whitespace().next())
        .and_then(|figure| figure.parse().ok())
        .ok_or_else(|| {
            let said = String::from_utf8_lossy(&output.stderr);
            format!("pgbench does not say how fast it was: {text}{said}").into()
        })
}

/// A setting of the server.
fn setting(url: &str, name: &str) -> Outcome<String> {
    let output = Command::new("psql")
        .args(["-At", "-d", url, "-c", &format!("SHOW {name}")])
        .output()?;
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// Lines a second of the service, HTTP and JSON included.
fn service(landfall: &str, server: &str, workload: &str, args: &Args) -> Outcome<f64> {
    let report = bench(landfall, server, workload, args, &[])?;
    lines_per_second(&report).ok_or_else(|| missing(&report))
}

/// What `landfall bench` reports of a new database.
fn bench(
    landfall: &str,
    server: &str,
    workload: &str,
    args: &Args,
    more: &[&str],
) -> Outcome<serde_json::Value> {
    let url = new_database(server, "landfall_bench")?;
    let output = Command::new(landfall)
        .args(["bench", workload, "--json", "--database", &url])
        .args(["--duration", &args.seconds.to_string()])
        .args(more)
        .env("LANDFALL_POSTGRES_WRITERS", args.writers.to_string())
        .output()?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("landfall bench failed: {said}").into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn missing(report: &serde_json::Value) -> Box<dyn std::error::Error> {
    format!("landfall bench does not say how fast it was: {report}").into()
}

/// The figure wherever it stands in the report.
fn lines_per_second(report: &serde_json::Value) -> Option<f64> {
    match report {
        serde_json::Value::Object(fields) => fields
            .get("lines_per_second")
            .and_then(serde_json::Value::as_f64)
            .or_else(|| fields.values().find_map(lines_per_second)),
        serde_json::Value::Array(items) => items.iter().find_map(lines_per_second),
        _ => None,
    }
}
