//! `cargo xtask screenshots`: pictures of the dashboard for README and docs, of the demo's world, light and dark.
//!
//! Chromium takes them itself, of a service that this command starts and stops. The world is the demo's with a fixed
//! seed and day, and nothing trades in it meanwhile; then a ship is delayed and another is held, so that there is
//! something to see.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::{Outcome, command, metadata};

/// The demo's day and seed.
const DAY: &str = "2026-11-21";
const SEED: &str = "7";
/// Chromium's switch for pages that the system wishes dark.
const DARK: &str = "--blink-settings=preferredColorScheme=0";

/// Where to.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The folder for the pictures.
    #[arg(long, default_value = "docs/screenshots")]
    into: PathBuf,
    /// The service's binary; without it, it is built.
    #[arg(long)]
    landfall: Option<PathBuf>,
}

/// A picture to be taken.
struct Picture {
    name: &'static str,
    path: String,
    width: u32,
    height: u32,
    dark: bool,
}

/// Takes all of them.
pub(crate) fn run(args: &Args) -> Outcome<()> {
    let browser = ["chromium", "chromium-browser", "google-chrome"];
    let browser = browser
        .into_iter()
        .find(|name| command::is_there(Command::new(name).arg("--version")))
        .ok_or("no Chromium is installed")?;
    let landfall = if let Some(path) = &args.landfall {
        path.clone()
    } else {
        command::run(Command::new("cargo").args(["build", "--release", "--bin", "landfall"]))?;
        metadata::read()?.target_directory.join("release/landfall")
    };
    let service = Service::start(&landfall)?;
    fs::create_dir_all(&args.into)?;
    let before = fs::read_dir(&args.into)?.filter_map(Result::ok);
    for old in before.filter(|old| old.path().extension().is_some_and(|kind| kind == "png")) {
        fs::remove_file(old.path())?;
    }
    for picture in pictures(&service)? {
        take(browser, &service, &picture, &args.into)?;
    }
    Ok(())
}

/// What is worth a picture in this world.
fn pictures(service: &Service) -> Outcome<Vec<Picture>> {
    let first = |path: &str, name: &str| -> Outcome<String> {
        let answer = service.get(path)?;
        let found = answer["items"][0][name].as_str();
        Ok(found.ok_or(format!("nothing at {path}"))?.to_owned())
    };
    // The ship with most to lose: the next ones to arrive that are not here.
    let ships = service.get("/v1/shipments?landed=false&limit=1000")?;
    let mut ships: Vec<&Value> = ships["items"].as_array().into_iter().flatten().collect();
    ships.sort_by_key(|ship| std::cmp::Reverse(ship["allocated"].as_u64()));
    let name = |place: usize| -> Outcome<&str> {
        let ship = ships.get(place).and_then(|ship| ship["reference"].as_str());
        Ok(ship.ok_or("the demo has too few ships")?)
    };
    let (delayed, held) = (name(0)?, name(1)?);
    let eta = ships[0]["eta"].as_str().ok_or("the ship has no ETA")?;
    let later: jiff::civil::Date = eta.parse()?;
    let later = later.checked_add(jiff::Span::new().days(6))?;
    service.post(
        &format!("/v1/shipments/{delayed}/eta"),
        &format!(r#"{{"eta": "{later}"}}"#),
    )?;
    service.post(
        &format!("/v1/shipments/{held}/hold"),
        r#"{"code": "customs", "note": "papers of two pallets are missing"}"#,
    )?;
    service.settled()?;
    let late = first("/v1/orders?attention=late&limit=1", "order_id")?;
    let batches = service.get(&format!("/v1/batches?shipment={delayed}&limit=1000"))?;
    let batch = batches["items"].as_array().into_iter().flatten();
    let batch = batch.max_by_key(|batch| batch["allocated"].as_u64());
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (batch, sku) = batch
        .map(|batch| (text(&batch["reference"]), text(&batch["sku"])))
        .ok_or("the ship is empty")?;
    let pages = [
        ("today", "/".to_owned(), 1_250),
        ("arrivals", "/arrivals".into(), 1_100),
        ("what-if", format!("/shipments/{delayed}?late=10"), 1_250),
        ("product", format!("/products/{sku}"), 1_250),
        ("order", format!("/orders/{late}"), 850),
        ("batch", format!("/batches/{batch}"), 1_100),
        ("orders", "/orders".into(), 900),
        ("products", "/products".into(), 900),
        ("batches", "/batches?sort=eta".into(), 900),
        ("shipments", "/shipments?sort=eta".into(), 900),
        ("backorders", "/backorders".into(), 900),
        ("late", "/late".into(), 900),
        ("overdue", "/overdue".into(), 900),
        ("search", "/search?q=SOFA".into(), 900),
    ];
    let mut pictures = Vec::new();
    for (name, path, height) in pages {
        for dark in [false, true] {
            let (path, width) = (path.clone(), 1_440);
            pictures.push(Picture {
                name,
                path,
                width,
                height,
                dark,
            });
        }
    }
    Ok(pictures)
}

fn take(browser: &str, service: &Service, picture: &Picture, into: &Path) -> Outcome<()> {
    let shade = if picture.dark { "dark" } else { "light" };
    let file = into.join(format!("{}-{shade}.png", picture.name));
    let profile = std::env::temp_dir().join(format!("landfall-screenshots-{}", std::process::id()));
    let mut chromium = Command::new(browser);
    chromium.args([
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--hide-scrollbars",
    ]);
    if picture.dark {
        chromium.arg(DARK);
    }
    chromium
        .arg(format!("--user-data-dir={}", profile.display()))
        .arg(format!(
            "--window-size={},{}",
            picture.width, picture.height
        ))
        .arg(format!("--screenshot={}", file.display()))
        .arg(format!("{}{}", service.url, picture.path))
        .stderr(Stdio::null());
    let taken = command::run(&mut chromium);
    let _ = fs::remove_dir_all(profile);
    taken
}

/// A service of the demo's world, in memory. It is killed when this is dropped.
struct Service {
    child: Child,
    url: String,
}

impl Service {
    fn start(binary: &Path) -> Outcome<Self> {
        let mut child = Command::new(binary)
            .args(["demo", "--seed", SEED, "--today", DAY, "--rate", "0"])
            .args(["--listen", "127.0.0.1:0"])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        let said = child.stderr.take().ok_or("the demo says nothing")?;
        let mut lines = BufReader::new(said).lines();
        let url = loop {
            let line = lines.next().ok_or("the demo ended")??;
            if let Some(url) = line.strip_prefix("listening on ") {
                break url.to_owned();
            }
        };
        // What it says later goes nowhere, and must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        let service = Self { child, url };
        // The world is made by then.
        while service.get("/v1/orders?limit=1")?["items"][0].is_null() {
            std::thread::sleep(std::time::Duration::from_millis(200));
        }
        service.settled()?;
        Ok(service)
    }

    /// Waits until the desk, which follows the log, has everything.
    fn settled(&self) -> Outcome<()> {
        let mut looks = 0;
        // It may not have seen yet that there is more.
        while looks < 3 {
            std::thread::sleep(std::time::Duration::from_millis(700));
            let metrics = self.text("GET", "/metrics", "")?;
            let done = metrics
                .lines()
                .any(|line| line == "landfall_desk_lag_events 0");
            looks = if done { looks + 1 } else { 0 };
        }
        Ok(())
    }

    fn get(&self, path: &str) -> Outcome<Value> {
        self.ask("GET", path, "")
    }

    fn post(&self, path: &str, body: &str) -> Outcome<Value> {
        self.ask("POST", path, body)
    }

    fn ask(&self, method: &str, path: &str, body: &str) -> Outcome<Value> {
        Ok(serde_json::from_str(&self.text(method, path, body)?)?)
    }

    fn text(&self, method: &str, path: &str, body: &str) -> Outcome<String> {
        let address = self.url.trim_start_matches("http://");
        let mut stream = TcpStream::connect(address)?;
        write!(
            stream,
            "{method} {path} HTTP/1.0\r\nhost: {address}\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (head, body) = answer.split_once("\r\n\r\n").ok_or("no answer")?;
        let status = head.split(' ').nth(1).unwrap_or_default();
        if !status.starts_with('2') {
            return Err(format!("{method} {path}: {status}: {body}").into());
        }
        Ok(body.to_owned())
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // Both fail when it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
