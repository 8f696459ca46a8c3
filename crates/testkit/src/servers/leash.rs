//! A program that does not outlive the test that started it, however that ends.
//!
//! A shell starts the program and then waits on a pipe whose other end the test holds. When the test ends, even
//! when it is killed, the pipe closes: the shell stops the program by its number and removes its directory.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Longer than any server takes to start; who waits for it waits for something that never comes.
const PATIENCE: Duration = Duration::from_mins(1);

/// How often a server is started on another port, because its port was taken meanwhile.
const TRIES: usize = 5;

const SCRIPT: &str = r#"
directory=$1; signal=$2; shift 2
"$@" >>"$directory/log" 2>&1 </dev/null &
pid=$!
echo "$pid"
read -r word
kill -s "$signal" "$pid" 2>/dev/null
kill -s CONT "$pid" 2>/dev/null
wait "$pid"
[ "$word" = keep ] || rm -rf -- "$directory"
"#;

/// Somebody else than root, for a program that refuses to run as root.
#[derive(Debug, Clone, Copy)]
pub(super) struct User {
    uid: u32,
    gid: u32,
}

impl User {
    /// The first of these users that there is.
    pub(super) fn named(names: &[&str]) -> Option<Self> {
        let all = fs::read_to_string("/etc/passwd").ok()?;
        let entry = |name: &&str| {
            all.lines().find_map(|line| {
                let mut fields = line.split(':');
                let found = fields.next()? == *name;
                let (uid, gid) = (fields.nth(1)?.parse().ok()?, fields.next()?.parse().ok()?);
                found.then_some(Self { uid, gid })
            })
        };
        names.iter().find_map(entry)
    }

    /// Lets a command run as this user.
    pub(super) fn runs(self, command: &mut Command) {
        command.uid(self.uid).gid(self.gid);
    }
}

/// A new directory for a server's files, with a short path: the paths of sockets must be short.
pub(super) fn directory(kind: &str) -> PathBuf {
    let name = format!("landfall-{kind}-");
    let made = tempfile::Builder::new().prefix(&name).tempdir();
    made.unwrap_or_else(|error| panic!("no directory for {kind}: {error}"))
        .keep()
}

/// Whether this process runs as root: whose is the directory that it made?
pub(super) fn is_root(directory: &Path) -> bool {
    fs::metadata(directory).is_ok_and(|found| found.uid() == 0)
}

/// Gives a directory to a user.
pub(super) fn give(directory: &Path, user: User) {
    chown(directory, Some(user.uid), Some(user.gid))
        .unwrap_or_else(|error| panic!("{} cannot be given away: {error}", directory.display()));
}

/// Writes a file that nobody else may read.
pub(super) fn write_secret(path: &Path, content: &str) {
    let written = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| file.write_all(content.as_bytes()));
    written.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

/// A running program.
#[derive(Debug)]
pub(super) struct Leash {
    shell: Child,
    pid: u32,
}

impl Leash {
    /// Starts a program. What it writes goes to `log` in this directory; `signal` is what ends it.
    pub(super) fn start(
        directory: &Path,
        signal: &str,
        program: &Path,
        arguments: &[String],
        user: Option<User>,
    ) -> Self {
        let mut command = Command::new("sh");
        command
            .args(["-c", SCRIPT, "sh"])
            .arg(directory)
            .arg(signal)
            .arg(program)
            .args(arguments)
            .current_dir(directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            // Apart from the test: an interrupt at the terminal reaches the test, and the pipe does the rest.
            .process_group(0);
        if let Some(user) = user {
            user.runs(&mut command);
        }
        let mut shell = command
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", program.display()));
        let mut said = String::new();
        if let Some(stdout) = shell.stdout.take() {
            let read = BufReader::new(stdout).read_line(&mut said);
            read.unwrap_or_else(|error| panic!("{}: {error}", program.display()));
        }
        let pid = said.trim().parse();
        let pid = pid.unwrap_or_else(|_| panic!("{} does not start", program.display()));
        Self { shell, pid }
    }

    /// Starts a server on free ports until one runs and says that it is ready, and gives the port back.
    pub(super) fn serve(
        directory: &Path,
        mut start: impl FnMut(u16) -> Self,
        ready: impl Fn(u16) -> bool,
    ) -> (Self, u16) {
        for _ in 0..TRIES {
            let port = super::free_port();
            let leash = start(port);
            if leash.waits(|| ready(port)) {
                return (leash, port);
            }
            leash.end(true);
        }
        let log = fs::read_to_string(directory.join("log")).unwrap_or_default();
        panic!(
            "the server in {} does not start: {log}",
            directory.display()
        );
    }

    /// Waits until it is ready; `false`: it ended.
    pub(super) fn waits(&self, ready: impl Fn() -> bool) -> bool {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            // In this order: another program on the same port may have answered.
            if ready() && !self.is_gone() {
                return true;
            }
            if self.is_gone() {
                return false;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        false
    }

    /// Whether the program has ended. (Its shell waits on the pipe, and so it stays a zombie.)
    fn is_gone(&self) -> bool {
        is_gone(self.pid)
    }

    /// Ends the program; `keep`: its directory stays.
    pub(super) fn end(mut self, keep: bool) {
        self.finish(keep);
    }

    fn finish(&mut self, keep: bool) {
        if let Some(mut pipe) = self.shell.stdin.take() {
            // Stopped children would never hear of it.
            signal(&self.children(), "CONT");
            if keep {
                // A shell that is gone needs no word.
                let _ = pipe.write_all(b"keep\n");
            }
        }
        let _ = self.shell.wait();
    }

    /// Stops the program and its children in their tracks, as if the machine hung.
    pub(super) fn pause(&self) {
        signal(&[self.pid], "STOP");
        signal(&self.children(), "STOP");
    }

    /// Lets it go on after [`Self::pause`].
    pub(super) fn resume(&self) {
        signal(&self.children(), "CONT");
        signal(&[self.pid], "CONT");
    }

    /// Ends the program and its children as a loss of power would; its directory stays.
    pub(super) fn kill(self) {
        // It must not make more of them meanwhile.
        signal(&[self.pid], "STOP");
        let children = self.children();
        signal(&[self.pid], "KILL");
        signal(&children, "KILL");
        // Who starts it again must find none of them.
        let begun = Instant::now();
        while !children.iter().all(|pid| is_gone(*pid)) && begun.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(1));
        }
        self.end(true);
    }

    fn children(&self) -> Vec<u32> {
        let all = fs::read_dir("/proc").into_iter().flatten().flatten();
        all.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .filter(|pid| state_and_parent(*pid).is_some_and(|(_, parent)| parent == self.pid))
            .collect()
    }
}

impl Drop for Leash {
    fn drop(&mut self) {
        self.finish(false);
    }
}

/// Whether a process has ended.
fn is_gone(pid: u32) -> bool {
    match state_and_parent(pid) {
        Some((state, _)) => state == 'Z',
        None => Path::new("/proc/self/stat").exists(),
    }
}

/// What the kernel says of a process.
fn state_and_parent(pid: u32) -> Option<(char, u32)> {
    let line = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold anything.
    let mut fields = line.rsplit_once(')')?.1.split_whitespace();
    Some((fields.next()?.chars().next()?, fields.next()?.parse().ok()?))
}

/// Sends a signal to processes, by number. Those that are gone do not hear it.
fn signal(pids: &[u32], name: &str) {
    if pids.is_empty() {
        return;
    }
    let mut command = Command::new("sh");
    command.args(["-c", r#"kill -s "$0" "$@" 2>/dev/null"#, name]);
    command.args(pids.iter().map(u32::to_string));
    let _ = command.status();
}
