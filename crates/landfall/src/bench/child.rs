//! A server that the load generator starts itself, as a process of its own, and ends again.

use super::BenchError;
use std::collections::VecDeque;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How long a server may take to listen.
const START: Duration = Duration::from_secs(30);
/// How long a server may take to end after SIGTERM.
const STOP: Duration = Duration::from_mins(1);
/// Lines of its standard error that are kept, to show when it fails.
const KEPT: usize = 30;

/// A running server; it is killed when this is dropped.
pub(super) struct Server {
    child: Child,
    address: SocketAddr,
    said: Arc<Mutex<VecDeque<String>>>,
    listener: Option<JoinHandle<()>>,
}

impl Server {
    /// Starts this same executable with `arguments` and waits until it says where it listens.
    pub(super) fn start(arguments: &[&str]) -> Result<Self, BenchError> {
        let mut child = Command::new(std::env::current_exe().map_err(BenchError::Spawn)?)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(BenchError::Spawn)?;
        let said = Arc::new(Mutex::new(VecDeque::new()));
        let (sender, receiver) = sync_channel(1);
        let listener = child.stderr.take().map(|stderr| {
            let said = Arc::clone(&said);
            std::thread::spawn(move || listen(BufReader::new(stderr), &said, &sender))
        });
        // From here on a failure drops the server, which kills the child.
        let unknown = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut server = Self {
            child,
            address: unknown,
            said,
            listener,
        };
        match receiver.recv_timeout(START) {
            Ok(address) => {
                server.address = address;
                Ok(server)
            }
            Err(RecvTimeoutError::Timeout) => Err(server.failed("it did not listen in time")),
            Err(RecvTimeoutError::Disconnected) => Err(server.failed("it ended before listening")),
        }
    }

    /// Where it listens.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The most memory that it held so far, in bytes; `None` where the system does not tell.
    pub(super) fn peak_memory(&self) -> Option<u64> {
        let path = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(path).ok()?;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))?;
        line.trim()
            .strip_suffix(" kB")?
            .parse::<u64>()
            .ok()
            .map(|kilobytes| kilobytes * 1024)
    }

    /// Asks it to end, as a supervisor would, and waits until it has.
    pub(super) fn stop(mut self) -> Result<(), BenchError> {
        // The standard library sends no signals but SIGKILL, and unsafe code is forbidden here.
        let asked = Command::new("kill")
            .args(["-TERM", &self.child.id().to_string()])
            .status();
        if !asked.map_err(BenchError::Spawn)?.success() {
            return Err(self.failed("it had ended before it was asked to"));
        }
        let deadline = Instant::now() + STOP;
        while Instant::now() < deadline {
            match self.child.try_wait().map_err(BenchError::Spawn)? {
                Some(status) if status.success() => return Ok(()),
                Some(status) => return Err(self.failed(&format!("it ended with {status}"))),
                None => std::thread::sleep(Duration::from_millis(20)),
            }
        }
        Err(self.failed("it did not end after SIGTERM"))
    }

    /// An error with what the server said last.
    fn failed(&mut self, what: &str) -> BenchError {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(listener) = self.listener.take() {
            let _ = listener.join();
        }
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let said = said.iter().flat_map(|line| ["\n  ", line]).collect();
        BenchError::Server {
            what: what.to_owned(),
            said,
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail when it has ended already, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads what a server says: reports the address once, keeps the last lines, and goes on reading,
/// for a server whose pipe is full stands still.
fn listen(stderr: impl BufRead, said: &Mutex<VecDeque<String>>, sender: &SyncSender<SocketAddr>) {
    for line in stderr.lines().map_while(Result::ok) {
        if let Some(address) = address_in(&line) {
            // Only the first is waited for.
            let _ = sender.try_send(address);
        }
        let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
        if said.len() == KEPT {
            said.pop_front();
        }
        said.push_back(line);
    }
}

/// The address in a line such as `listening on http://127.0.0.1:5005`.
fn address_in(line: &str) -> Option<SocketAddr> {
    let (_, rest) = line.split_once("listening on http://")?;
    let end = rest.find(|letter: char| letter.is_whitespace() || letter == '/');
    rest[..end.unwrap_or(rest.len())].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_found_in_its_line() {
        let address = Some(SocketAddr::from(([127, 0, 0, 1], 5005)));
        assert_eq!(address_in("listening on http://127.0.0.1:5005"), address);
        assert_eq!(
            address_in("INFO x: listening on http://127.0.0.1:5005/ now"),
            address
        );
        assert_eq!(address_in("listening on http://nowhere"), None);
        assert_eq!(address_in("connecting to http://127.0.0.1:5005"), None);
    }
}
