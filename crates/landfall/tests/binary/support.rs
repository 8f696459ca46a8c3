//! The real binary: commands that run to their end, and services that are stopped whatever happens.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Seek, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;

pub(crate) use crate::client::{Client, Response};

/// Longer than anything here takes; who waits for it waits for something that never comes.
pub(crate) const PATIENCE: Duration = Duration::from_mins(2);

/// Three batches of two products.
pub(crate) const BATCHES: &str =
    "ref,sku,qty,eta\nb1,TABLE,10,\nb2,TABLE,5,2027-01-01\nb3,LAMP,3,2027-02-01\n";
/// The day that it is in tests that are told one.
pub(crate) const TODAY: &str = "--today=2026-11-21";

/// A directory of one test, with the binary to run in it.
pub(crate) struct Place {
    directory: tempfile::TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        Self { directory }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    pub(crate) fn read(&self, name: &str) -> String {
        String::from_utf8(std::fs::read(self.path(name)).unwrap()).unwrap()
    }

    /// The binary, in this directory, without the environment's configuration.
    pub(crate) fn command<S: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = S>,
    ) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_landfall"));
        command.args(arguments).current_dir(self.directory.path());
        Self::clean(&mut command);
        command
    }

    fn clean(command: &mut Command) {
        for (name, _) in std::env::vars_os() {
            if name
                .to_str()
                .is_some_and(|name| name.starts_with("LANDFALL_"))
            {
                command.env_remove(name);
            }
        }
        command.stdin(Stdio::null());
    }

    /// Runs the binary to its end.
    pub(crate) fn run<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Ran {
        Ran::of(&mut self.command(arguments))
    }

    /// Runs the binary to its end, with something to read.
    pub(crate) fn run_with_input<S: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = S>,
        input: impl AsRef<[u8]>,
    ) -> Ran {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(input.as_ref()).unwrap();
        file.rewind().unwrap();
        Ran::of(self.command(arguments).stdin(file))
    }

    /// Starts a service on `landfall.db` and waits until it listens.
    pub(crate) fn serve(&self, more: &[&str]) -> Service {
        let arguments = ["serve", "--listen", "127.0.0.1:0"];
        Service::start_command(self.command(arguments.iter().chain(more)))
    }

    /// A certificate for a host in `cert.pem`, and its key in `key.pem`.
    pub(crate) fn certificate(&self, host: &str) -> String {
        let made = rcgen::generate_simple_self_signed([host.to_owned()]).unwrap();
        self.write("key.pem", made.signing_key.serialize_pem());
        self.write("cert.pem", made.cert.pem());
        made.cert.pem()
    }

    /// As [`Self::serve`], as the last command of a shell's line.
    pub(crate) fn serve_in_shell(&self, before: &str) -> Service {
        let mut command = Command::new("sh");
        let binary = env!("CARGO_BIN_EXE_landfall");
        command.arg("-c").arg(format!(
            "{before}; exec {binary} serve --listen 127.0.0.1:0"
        ));
        command.current_dir(self.directory.path());
        Self::clean(&mut command);
        Service::start_command(command)
    }

    /// What an audit says of `landfall.db`.
    pub(crate) fn audit(&self) -> Value {
        let audit = self.run(["audit", "--json"]);
        let report = audit.json();
        assert_eq!(report["ok"], Value::Bool(audit.code == 0), "{audit:?}");
        report
    }
}

/// A command that has ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// Runs a command; one that does not end is ended.
    #[track_caller]
    pub(crate) fn of(command: &mut Command) -> Self {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        Self::when_ended(command.spawn().unwrap())
    }

    /// Waits until a process has ended, and reads what it said meanwhile.
    #[track_caller]
    pub(crate) fn when_ended(mut child: Child) -> Self {
        fn read(mut pipe: impl Read + Send + 'static) -> JoinHandle<String> {
            std::thread::spawn(move || {
                let mut text = String::new();
                pipe.read_to_string(&mut text).unwrap();
                text
            })
        }
        let stdout = child.stdout.take().map(read);
        let stderr = child.stderr.take().map(read);
        let since = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            if since.elapsed() > PATIENCE {
                child.kill().unwrap();
                panic!(
                    "it does not end; it says {:?}",
                    stderr.map(JoinHandle::join)
                );
            }
            std::thread::sleep(Duration::from_millis(2));
        };
        let text = |pipe: Option<JoinHandle<String>>| pipe.map(|text| text.join().unwrap());
        Self {
            code: status.code().unwrap_or(-1),
            stdout: text(stdout).unwrap_or_default(),
            stderr: text(stderr).unwrap_or_default(),
        }
    }

    /// It ended so.
    #[track_caller]
    pub(crate) fn ended(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:?}");
        self
    }

    /// The one JSON object that it printed.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The JSON objects that it printed, one a line.
    #[track_caller]
    pub(crate) fn lines(&self) -> Vec<Value> {
        let lines = self.stdout.lines();
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

/// A running service. It is killed when this is dropped.
pub(crate) struct Service {
    child: Child,
    pub(crate) address: SocketAddr,
    said: Arc<Mutex<String>>,
}

impl Service {
    /// Starts a service and waits until it listens.
    pub(crate) fn start_command(mut command: Command) -> Self {
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        // From here on a panic drops the service, which kills it.
        let mut service = Self {
            child: command.spawn().unwrap(),
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            said: Arc::default(),
        };
        let stderr = service.child.stderr.take().unwrap();
        let (sender, said) = mpsc::channel();
        let all = Arc::clone(&service.said);
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                all.lock().unwrap().extend([&line, "\n"]);
                // Nobody listens any more once the address is known.
                let _ = sender.send(line);
            }
        });
        let mut before = Vec::new();
        loop {
            let line = said
                .recv_timeout(PATIENCE)
                .unwrap_or_else(|_| panic!("it does not listen: {before:#?}"));
            if let Some(url) = listens_on(&line) {
                let address = url.trim_start_matches("http").trim_start_matches('s');
                service.address = address.trim_start_matches("://").parse().unwrap();
                return service;
            }
            before.push(line);
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What it has logged so far.
    pub(crate) fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    /// How many threads it has that go by the name that a runtime gives its threads.
    #[cfg(target_os = "linux")]
    pub(crate) fn threads(&self) -> usize {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.child.id())).unwrap();
        let names = tasks
            .filter_map(|task| std::fs::read_to_string(task.unwrap().path().join("comm")).ok());
        names.filter(|name| name.starts_with("tokio-")).count()
    }

    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args([name, &pid]).status().unwrap();
        assert!(sent.success());
    }

    /// Tells it that files have changed.
    pub(crate) fn hang_up(&self) {
        self.signal("-HUP");
    }

    /// Stops it in its tracks, as if its machine hung.
    pub(crate) fn pause(&self) {
        self.signal("-STOP");
    }

    /// Lets it go on after [`Self::pause`].
    pub(crate) fn resume(&self) {
        self.signal("-CONT");
    }

    /// Asks it to end.
    pub(crate) fn terminate(&self) {
        self.signal("-TERM");
    }

    /// Asks it to end, and waits until it has.
    pub(crate) fn stop(mut self) -> ExitStatus {
        self.terminate();
        self.wait()
    }

    /// Waits until it has ended.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }

    /// Ends it as a power failure would.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn get(&self, path: &str) -> Response {
        self.client().request("GET", path, "").unwrap()
    }

    pub(crate) fn post(&self, path: &str, body: &str) -> Response {
        self.client().request("POST", path, body).unwrap()
    }

    /// A connection of its own.
    pub(crate) fn client(&self) -> Client {
        Client::connect(self.address).unwrap()
    }
}

/// The URL in the line that says where a service listens, as text or as JSON.
fn listens_on(line: &str) -> Option<String> {
    if let Some(url) = line.strip_prefix("listening on ") {
        return Some(url.to_owned());
    }
    let line: Value = serde_json::from_str(line).ok()?;
    (line["message"] == "listening").then(|| line["url"].as_str().unwrap().to_owned())
}

impl Drop for Service {
    fn drop(&mut self) {
        // Both fail when it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The part of a key that proves it. It is in base64url, and may hold the character that stands before it.
pub(crate) fn secret_of(key: &str) -> &str {
    key.splitn(3, '_').last().unwrap()
}

/// A batch that nothing exhausts.
pub(crate) fn plenty(sku: &str) -> String {
    format!(r#"{{"reference": "b-{sku}", "sku": "{sku}", "quantity": 1000000000}}"#)
}

/// One line of an order.
pub(crate) fn line(order: &str, sku: &str) -> String {
    format!(r#"{{"order_id": "{order}", "sku": "{sku}", "quantity": 1}}"#)
}

/// Waits for something that comes.
#[track_caller]
pub(crate) fn until(mut here: impl FnMut() -> bool) {
    let since = Instant::now();
    while !here() {
        assert!(since.elapsed() < PATIENCE, "it never comes");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Whether a file is there.
pub(crate) fn exists(path: &Path) -> bool {
    path.try_exists().unwrap()
}

/// Makes a database look as if a later version had migrated it: the last entry in the index of the
/// migrations' versions (a record of two numbers, version and row) gets a version beyond any.
pub(crate) fn pretend_newer(database: &Path) {
    let mut bytes = std::fs::read(database).unwrap();
    // A version of two bytes, as those from 128 on are. Versions have gaps, rows have none.
    let version = |window: &[u8]| {
        let version = u16::from_be_bytes([window[4], window[5]]);
        let is_entry = window[..4] == [6, 3, 2, 1] && version < 1_000;
        let row = u16::from(window[6]);
        (is_entry && (2..=version).contains(&row)).then_some(version)
    };
    let entries = bytes.windows(7).enumerate();
    let entries = entries.filter_map(|(at, window)| Some((version(window)?, at)));
    let (_, at) = entries.max().expect("there is a migration");
    bytes[at + 4] = 127;
    std::fs::write(database, bytes).unwrap();
}
