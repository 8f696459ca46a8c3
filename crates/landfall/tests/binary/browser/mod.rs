//! The dashboard in a real browser.

mod accessibility;
mod fits;
mod interruptions;
mod sign_in;
mod tour;
mod windows;
mod without_script;

use std::time::{Duration, Instant};

use fantoccini::cookies::Cookie;
use fantoccini::elements::Element;
use fantoccini::wd::WindowHandle;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use landfall_testkit::servers::browser::ARGUMENTS;
use landfall_testkit::servers::{self, BrowserDriver};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{PATIENCE, Place, Service};

/// A browser with one page, and what can be asked of it.
pub(crate) struct Browser {
    client: Client,
    _driver: BrowserDriver,
    /// Removed after the browser has ended.
    _profile: TempDir,
}

/// How a browser is set up.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Setup {
    /// The system wishes dark pages.
    pub(crate) dark: bool,
    /// So wide, as a phone is; else a desk's screen.
    pub(crate) phone: Option<u32>,
    /// Scripts are not run.
    pub(crate) no_script: bool,
    /// This host name is this machine, and its certificate is trusted whoever signed it.
    pub(crate) host: Option<&'static str>,
}

impl Browser {
    /// Starts one; `None`: there is none on this machine.
    pub(crate) async fn start(setup: Setup) -> Option<Self> {
        let driver = servers::needed(BrowserDriver::start())?;
        let profile = tempfile::tempdir().unwrap();
        let mut arguments: Vec<String> = ARGUMENTS.iter().map(|&word| word.into()).collect();
        arguments.push(format!("--user-data-dir={}", profile.path().display()));
        arguments.push("--window-size=1280,1000".into());
        if setup.dark {
            arguments.push("--blink-settings=preferredColorScheme=0".into());
        }
        if let Some(host) = setup.host {
            arguments.push(format!("--host-resolver-rules=MAP {host} 127.0.0.1"));
            arguments.push("--ignore-certificate-errors".into());
        }
        let mut options = json!({"args": arguments, "binary": driver.browser()});
        if let Some(width) = setup.phone {
            let metrics = json!({"width": width, "height": 740, "pixelRatio": 2.0, "touch": true});
            options["mobileEmulation"] = json!({"deviceMetrics": metrics});
        }
        if setup.no_script {
            let off = json!({"profile.managed_default_content_settings.javascript": 2});
            options["prefs"] = off;
        }
        let capabilities = json!({"browserName": "chrome", "goog:chromeOptions": options});
        let Value::Object(capabilities) = capabilities else {
            unreachable!()
        };
        let mut connector = HttpConnector::new();
        connector.enforce_http(false);
        let client = ClientBuilder::new(connector)
            .capabilities(capabilities)
            .connect(&driver.url())
            .await;
        let client = client.unwrap_or_else(|error| panic!("no browser: {error}"));
        Some(Self {
            client,
            _driver: driver,
            _profile: profile,
        })
    }

    pub(crate) async fn open(&self, url: &str) {
        self.client.goto(url).await.unwrap();
    }

    pub(crate) async fn window(&self) -> WindowHandle {
        self.client.window().await.unwrap()
    }

    /// Another window of the same browser, from now on the one that is asked.
    pub(crate) async fn new_window(&self) -> WindowHandle {
        let made = self.client.new_window(false).await.unwrap();
        self.switch(&made.handle).await;
        made.handle
    }

    pub(crate) async fn switch(&self, window: &WindowHandle) {
        self.client.switch_to_window(window.clone()).await.unwrap();
    }

    pub(crate) async fn close_window(&self) {
        self.client.close_window().await.unwrap();
    }

    /// The first element like that, when it is there.
    pub(crate) async fn find(&self, css: &str) -> Element {
        let found = self.client.wait().at_most(PATIENCE);
        match found.for_element(Locator::Css(css)).await {
            Ok(found) => found,
            Err(error) => panic!("no {css}: {error}\n{}", self.text().await),
        }
    }

    /// Waits until the keyboard stands at the element with this id.
    pub(crate) async fn stands_at(&self, id: &str) -> Element {
        let since = Instant::now();
        loop {
            let at = self.client.active_element().await.unwrap();
            if at.attr("id").await.ok().flatten().as_deref() == Some(id) {
                return at;
            }
            assert!(
                since.elapsed() < PATIENCE,
                "the keyboard never stands at {id}"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The first link or button with these words.
    pub(crate) async fn press(&self, words: &str) {
        let path = format!(
            "//*[self::a or self::button or self::summary][contains(normalize-space(.), '{words}')]"
        );
        let found = self.client.wait().at_most(PATIENCE);
        match found.for_element(Locator::XPath(&path)).await {
            Ok(found) => found.click().await.unwrap(),
            Err(error) => panic!(
                "nothing to press says {words:?}: {error}\n{}",
                self.text().await
            ),
        }
    }

    /// Writes into a field.
    pub(crate) async fn write(&self, css: &str, text: &str) {
        let field = self.find(css).await;
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    /// What can be read on the page.
    pub(crate) async fn text(&self) -> String {
        let read = "return document.body.innerText";
        let text = self.client.execute(read, Vec::new()).await;
        text.ok()
            .and_then(|text| text.as_str().map(str::to_owned))
            .unwrap_or_default()
    }

    /// Waits until the page says something.
    pub(crate) async fn says(&self, words: &str) {
        let since = Instant::now();
        while !self.text().await.contains(words) {
            assert!(
                since.elapsed() < PATIENCE,
                "the page never says {words:?}:\n{}",
                self.text().await
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    pub(crate) async fn run(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.unwrap()
    }

    pub(crate) async fn path(&self) -> String {
        let url = self.client.current_url().await.unwrap();
        url.path().to_owned()
    }

    /// Signs in with a key and waits for the first page.
    pub(crate) async fn sign_in(&self, service: &Service, key: &str) {
        self.open(&service.url()).await;
        self.write("#key", key).await;
        self.press("Sign in").await;
        self.find("#alarms").await;
    }

    pub(crate) async fn cookies(&self) -> Vec<Cookie<'static>> {
        self.client.get_all_cookies().await.unwrap()
    }

    pub(crate) async fn close(self) {
        self.client.close().await.unwrap();
    }
}

/// A key with this role.
pub(crate) fn key(place: &Place, name: &str, role: &str) -> String {
    let made = place.run(["keys", "create", "--name", name, "--role", role]);
    let made = made.ended(0);
    made.stdout.split_whitespace().last().unwrap().to_owned()
}

/// A small world: a ship with two batches, one in the warehouse, customers who wait and who do not.
pub(crate) const WORLD: &str = r#"
{"type": "CreateShipment", "reference": "MV-AURORA", "eta": "2027-03-01", "carrier": "Baltic Lines", "vessel": "Aurora"}
{"type": "CreateBatch", "reference": "AURORA-SOFA", "sku": "SOFA", "quantity": 10, "shipment": "MV-AURORA"}
{"type": "CreateBatch", "reference": "AURORA-LAMP", "sku": "LAMP", "quantity": 20, "shipment": "MV-AURORA"}
{"type": "CreateBatch", "reference": "W-LAMP", "sku": "LAMP", "quantity": 5}
{"type": "CreateBatch", "reference": "LATE-CHAIR", "sku": "CHAIR", "quantity": 4, "eta": "2026-01-05"}
{"type": "PlaceOrder", "order_id": "SO-1", "lines": [{"sku": "SOFA", "quantity": 2}, {"sku": "LAMP", "quantity": 1}]}
{"type": "PlaceOrder", "order_id": "SO-2", "lines": [{"sku": "SOFA", "quantity": 8}]}
{"type": "PlaceOrder", "order_id": "SO-3", "lines": [{"sku": "SOFA", "quantity": 3}]}
{"type": "PlaceOrder", "order_id": "SO-4", "lines": [{"sku": "CHAIR", "quantity": 1}]}
{"type": "HoldBatch", "reference": "AURORA-LAMP", "code": "customs"}
"#;

/// A service with that world.
pub(crate) fn world(place: &Place) -> Service {
    place.write("world.ndjson", WORLD.trim_start());
    place.run(["apply", "world.ndjson"]).ended(0);
    place.serve(&[])
}
