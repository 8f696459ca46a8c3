//! An SMTP server inside the test: it keeps what it is sent, and refuses, hangs or goes away when it is told to.
//!
//! It speaks as much of RFC 5321 as a client needs to hand over mail in the clear, and `AUTH PLAIN` (RFC 4616),
//! which takes whatever it is given and remembers it.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// A message as it was handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// The address after `MAIL FROM`, without its angle brackets.
    pub from: String,
    /// The addresses after `RCPT TO`.
    pub to: Vec<String>,
    /// Headers and body with their CRLFs, and without the dots that the protocol doubled.
    pub data: String,
    /// What the client sent after `AUTH PLAIN`, if it did.
    pub auth: Option<String>,
}

impl Mail {
    /// The body: what comes after the headers.
    pub fn body(&self) -> &str {
        self.data
            .split_once("\r\n\r\n")
            .map_or("", |(_, body)| body)
    }

    /// The value of a header, unfolded but otherwise as it was sent.
    pub fn header(&self, name: &str) -> Option<String> {
        let (headers, _) = self.data.split_once("\r\n\r\n")?;
        let headers = headers.replace("\r\n ", " ").replace("\r\n\t", " ");
        headers.split("\r\n").find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found
                .eq_ignore_ascii_case(name)
                .then(|| value.trim().to_owned())
        })
    }
}

/// How the server behaves towards what comes next.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Manner {
    /// It takes every message.
    #[default]
    Accept,
    /// It answers each `MAIL` with this line, such as `451 try again later` or `550 no`.
    Refuse(String),
    /// It answers each message's end with this line, after it has read all of it.
    RefuseData(String),
    /// It takes connections and what is sent, and says nothing.
    Hang,
    /// It closes each connection at once.
    Close,
}

/// The server. It ends when it is dropped.
#[derive(Debug)]
pub struct SmtpSink {
    shared: Arc<Shared>,
    port: u16,
    listening: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    arrived: Condvar,
    over: AtomicBool,
    connections: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    manner: Manner,
    mails: Vec<Mail>,
    /// The connections that are open, by number.
    open: HashMap<u64, TcpStream>,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn manner(&self) -> Manner {
        self.state().manner.clone()
    }
}

impl SmtpSink {
    /// Starts a server on a free port of the loopback interface.
    pub fn start() -> Self {
        Self::start_on(0)
    }

    /// Starts a server on this port of the loopback interface.
    pub fn start_on(port: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            .unwrap_or_else(|error| panic!("no mail on port {port}: {error}"));
        let port = listener.local_addr().map_or(port, |address| address.port());
        let shared = Arc::new(Shared::default());
        let server = Arc::clone(&shared);
        let listening = std::thread::spawn(move || listen(&listener, &server));
        Self {
            shared,
            port,
            listening: Some(listening),
        }
    }

    /// The port that it listens on, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    /// From now on it behaves so; connections that it does not answer stay as they are.
    pub fn behave(&self, manner: Manner) {
        self.shared.state().manner = manner;
    }

    /// All that has come, the oldest first.
    pub fn mails(&self) -> Vec<Mail> {
        self.shared.state().mails.clone()
    }

    /// How many connections it has had.
    pub fn connections(&self) -> u64 {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// Waits until at least so many messages have come, and gives them back; panics when nothing comes.
    #[track_caller]
    pub fn wait_for(&self, count: usize) -> Vec<Mail> {
        let patience = Duration::from_mins(1);
        let state = self.shared.state();
        let (state, waited) = self
            .shared
            .arrived
            .wait_timeout_while(state, patience, |state| state.mails.len() < count)
            .unwrap_or_else(PoisonError::into_inner);
        assert!(
            !waited.timed_out(),
            "{} of {count} messages came: {:#?}",
            state.mails.len(),
            state.mails
        );
        state.mails.clone()
    }
}

impl Drop for SmtpSink {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::SeqCst);
        // The listener waits for a connection: this is the last.
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
        if let Some(listening) = self.listening.take() {
            let _ = listening.join();
        }
        for stream in self.shared.state().open.values() {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

fn listen(listener: &TcpListener, shared: &Arc<Shared>) {
    for stream in listener.incoming().flatten() {
        if shared.over.load(Ordering::SeqCst) {
            return;
        }
        let number = shared.connections.fetch_add(1, Ordering::SeqCst);
        let Ok(handle) = stream.try_clone() else {
            continue;
        };
        shared.state().open.insert(number, handle);
        let shared = Arc::clone(shared);
        std::thread::spawn(move || {
            // A client that goes away in the midst is its own business.
            let _ = talk(&stream, &shared);
            let _ = stream.shutdown(Shutdown::Both);
            shared.state().open.remove(&number);
        });
    }
}

/// One conversation.
fn talk(mut stream: &TcpStream, shared: &Shared) -> std::io::Result<()> {
    match shared.manner() {
        Manner::Close => return Ok(()),
        Manner::Hang => return swallow(stream),
        Manner::Accept | Manner::Refuse(_) | Manner::RefuseData(_) => {}
    }
    let mut lines = BufReader::new(stream);
    let mut say = |line: &str| stream.write_all(format!("{line}\r\n").as_bytes());
    say("220 sink")?;
    let mut auth = None;
    let mut from = String::new();
    let mut to = Vec::new();
    while let Some(line) = read_line(&mut lines)? {
        let manner = shared.manner();
        if manner == Manner::Hang {
            return swallow(stream);
        }
        let line = String::from_utf8_lossy(&line).into_owned();
        let (verb, rest) = line.split_once(' ').unwrap_or((&line, ""));
        match verb.to_ascii_uppercase().as_str() {
            "EHLO" => say("250-sink\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 AUTH PLAIN")?,
            "HELO" | "RSET" | "NOOP" => {
                (from, to) = (String::new(), Vec::new());
                say("250 ok")?;
            }
            "AUTH" => {
                let mut given = rest.strip_prefix("PLAIN").unwrap_or(rest).trim().to_owned();
                if given.is_empty() {
                    say("334 ")?;
                    let line = read_line(&mut lines)?.unwrap_or_default();
                    given = String::from_utf8_lossy(&line).into_owned();
                }
                auth = Some(given);
                say("235 ok")?;
            }
            "MAIL" => {
                from = address(rest);
                say(if let Manner::Refuse(answer) = &manner {
                    answer
                } else {
                    "250 ok"
                })?;
            }
            "RCPT" => {
                to.push(address(rest));
                say("250 ok")?;
            }
            "DATA" => {
                say("354 go on")?;
                let Some(data) = read_data(&mut lines)? else {
                    return Ok(());
                };
                match shared.manner() {
                    Manner::Hang => return swallow(stream),
                    Manner::Close => return Ok(()),
                    Manner::RefuseData(answer) | Manner::Refuse(answer) => say(&answer)?,
                    Manner::Accept => {
                        shared.state().mails.push(Mail {
                            from: std::mem::take(&mut from),
                            to: std::mem::take(&mut to),
                            data,
                            auth: auth.clone(),
                        });
                        shared.arrived.notify_all();
                        say("250 taken")?;
                    }
                }
            }
            "QUIT" => return say("221 bye"),
            _ => say("502 not here")?,
        }
    }
    Ok(())
}

/// Reads until the other side goes away, or this server ends.
fn swallow(mut stream: &TcpStream) -> std::io::Result<()> {
    let mut piece = [0; 4096];
    while stream.read(&mut piece)? > 0 {}
    Ok(())
}

/// A line without its end; `None`: the client is gone.
fn read_line(lines: &mut BufReader<&TcpStream>) -> std::io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    match lines.read_until(b'\n', &mut line) {
        Ok(0) => Ok(None),
        Ok(_) => {
            while matches!(line.last(), Some(b'\r' | b'\n')) {
                line.pop();
            }
            Ok(Some(line))
        }
        Err(error) if error.kind() == ErrorKind::ConnectionReset => Ok(None),
        Err(error) => Err(error),
    }
}

/// A message up to the line with the single dot.
fn read_data(lines: &mut BufReader<&TcpStream>) -> std::io::Result<Option<String>> {
    let mut data = String::new();
    while let Some(line) = read_line(lines)? {
        if line == b"." {
            return Ok(Some(data));
        }
        let line = line.strip_prefix(b".").unwrap_or(&line);
        data.push_str(&String::from_utf8_lossy(line));
        data.push_str("\r\n");
    }
    Ok(None)
}

/// The address in `FROM:<a@b> SIZE=1`.
fn address(rest: &str) -> String {
    let inner = rest.split_once('<').map_or(rest, |(_, inner)| inner);
    inner
        .split_once('>')
        .map_or(inner, |(address, _)| address)
        .to_owned()
}
