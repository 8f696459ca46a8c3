//! A browser for tests: Chromium, driven by its `ChromeDriver` (`WebDriver`, W3C).

use std::io::{Read, Write};
use std::path::PathBuf;

use super::leash::{self, Leash};
use super::{Skip, dial, on_path};

/// What Chromium is started with: no window, no sandbox (root has none), and nothing that it would fetch by itself.
pub const ARGUMENTS: [&str; 10] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
];

/// A driver of the test's own; its browsers end with it.
#[derive(Debug)]
pub struct BrowserDriver {
    _leash: Leash,
    browser: PathBuf,
    port: u16,
}

impl BrowserDriver {
    /// Starts a driver for this test, on a free port.
    pub fn start() -> Result<Self, Skip> {
        let driver = on_path("chromedriver").ok_or_else(|| {
            Skip::new("Chromium's driver is not installed (`chromedriver` is not on the path)")
        })?;
        let browser = ["chromium", "chromium-browser", "google-chrome"];
        let browser = browser.into_iter().find_map(on_path).ok_or_else(|| {
            Skip::new("Chromium is not installed (`chromium` is not on the path)")
        })?;
        let directory = leash::directory("browser");
        let run = |port: u16| {
            let arguments = [format!("--port={port}"), "--allowed-ips=127.0.0.1".into()];
            Leash::start(&directory, "TERM", &driver, &arguments, None)
        };
        let (leash, port) = Leash::serve(&directory, run, answers);
        Ok(Self {
            _leash: leash,
            browser,
            port,
        })
    }

    /// Where it takes orders.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The browser that it drives.
    pub fn browser(&self) -> &std::path::Path {
        &self.browser
    }
}

/// Whether a driver on this port is ready.
fn answers(port: u16) -> bool {
    let asked = dial(port).and_then(|mut stream| {
        stream
            .write_all(b"GET /status HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")?;
        let mut answer = [0; 12];
        stream.read_exact(&mut answer)?;
        Ok(answer)
    });
    asked.is_ok_and(|answer| answer == *b"HTTP/1.1 200")
}
