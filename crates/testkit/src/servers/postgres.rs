//! PostgreSQL for tests.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use tokio_postgres::error::SqlState;
use tokio_postgres::{Config, NoTls, SimpleQueryMessage, SimpleQueryRow};

use super::leash::{self, Leash, User};
use super::{POSTGRES, POSTGRES_PROGRAMS, Skip, on_path, url_variable, variable};

/// A server of the test's own, which it may pause and kill.
#[derive(Debug)]
pub struct PostgresServer {
    /// `None` only while it is down.
    leash: Option<Leash>,
    start: Start,
    port: u16,
}

/// How the server is started, also after it was killed.
#[derive(Debug)]
struct Start {
    programs: PathBuf,
    directory: PathBuf,
    user: Option<User>,
    settings: Vec<String>,
}

/// What may be chosen of a server.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Whether commits reach the disk (`fsync`). Without, they still survive when the server is killed, but not
    /// a loss of power: enough for tests, too little for measurements.
    pub durable: bool,
    /// More settings, `name=value`.
    pub settings: Vec<String>,
    /// Files beside the server's data, with what is in them: settings name them as `../name`, and `hba_file` by the
    /// name alone. Nobody else may read them.
    pub files: Vec<(String, String)>,
}

impl PostgresServer {
    /// Starts a server for this test.
    pub fn start() -> Result<Self, Skip> {
        Self::start_with(&Options::default())
    }

    /// Starts a server for this test, with these settings.
    pub fn start_with(options: &Options) -> Result<Self, Skip> {
        let programs = programs()?;
        let directory = leash::directory("postgres");
        for (name, content) in &options.files {
            leash::write_secret(&directory.join(name), content);
        }
        // PostgreSQL refuses to run as root.
        let user = if leash::is_root(&directory) {
            let Some(user) = User::named(&["postgres", "nobody"]) else {
                return Err(Skip::new(
                    "PostgreSQL does not run as root, and there is no user `postgres` or `nobody`",
                ));
            };
            leash::give(&directory, user);
            for (name, _) in &options.files {
                leash::give(&directory.join(name), user);
            }
            Some(user)
        } else {
            None
        };
        let start = Start {
            programs,
            directory,
            user,
            settings: settings(options),
        };
        start.init();
        let (leash, port) = Leash::serve(
            &start.directory,
            |port| start.run(port),
            |_| start.is_ready(),
        );
        Ok(Self {
            leash: Some(leash),
            start,
            port,
        })
    }

    /// The URL of its first database, as the superuser.
    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// The port that it listens on, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The directory of its socket, and of everything else that is its own.
    pub fn directory(&self) -> &Path {
        &self.start.directory
    }

    /// The directory of PostgreSQL's programs: `psql`, `pgbench`, `pg_dump`.
    pub fn programs(&self) -> &Path {
        &self.start.programs
    }

    /// Runs one of PostgreSQL's programs against this server, as the superuser, and gives back what it printed.
    pub fn run(&self, program: &str, arguments: &[&str]) -> String {
        let mut command = Command::new(self.start.programs.join(program));
        command
            .args(["--host=127.0.0.1", "--username=postgres"])
            .arg(format!("--port={}", self.port))
            .args(arguments);
        let output = command
            .output()
            .unwrap_or_else(|error| panic!("{program}: {error}"));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{program}: {said}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// A new, empty database.
    pub fn new_database(&self) -> PostgresDatabase {
        PostgresDatabase::new(&self.url(), None)
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

    /// Starts it again after [`Self::kill`], on the same port, and waits until it has recovered.
    pub fn restart(&mut self) {
        self.kill();
        // A server that was killed leaves its lock behind, and "ready" in it.
        let _ = fs::remove_file(self.start.data().join("postmaster.pid"));
        let leash = self.start.run(self.port);
        let up = leash.waits(|| self.start.is_ready());
        self.leash = Some(leash);
        assert!(up, "PostgreSQL does not start again: {}", self.start.log());
    }
}

impl Start {
    fn data(&self) -> PathBuf {
        self.directory.join("data")
    }

    fn log(&self) -> String {
        fs::read_to_string(self.directory.join("log")).unwrap_or_default()
    }

    /// Makes the cluster. Its texts sort as a dictionary does where it can: a query that forgot to ask for
    /// the order of bytes is seen.
    fn init(&self) {
        let dictionary = ["--locale-provider=icu", "--icu-locale=en-US"];
        let failed = self.init_with(&dictionary).and_then(|_| {
            let _ = fs::remove_dir_all(self.data());
            self.init_with(&[])
        });
        if let Some(error) = failed {
            panic!("initdb: {error}");
        }
    }

    /// What went wrong.
    fn init_with(&self, locale: &[&str]) -> Option<String> {
        let mut command = Command::new(self.programs.join("initdb"));
        command
            .args(["--username=postgres", "--auth=trust", "--encoding=UTF8"])
            .args(["--no-sync", "--no-instructions", "--locale=C.UTF-8"])
            .args(locale)
            .arg("--pgdata")
            .arg(self.data())
            .current_dir(&self.directory);
        if let Some(user) = self.user {
            user.runs(&mut command);
        }
        match command.output() {
            Ok(output) if output.status.success() => None,
            Ok(output) => Some(String::from_utf8_lossy(&output.stderr).into_owned()),
            Err(error) => Some(error.to_string()),
        }
    }

    fn run(&self, port: u16) -> Leash {
        let mut arguments = vec![
            "-D".to_owned(),
            self.data().display().to_string(),
            format!("-p{port}"),
            format!("-k{}", self.directory.display()),
        ];
        for setting in &self.settings {
            arguments.push(format!("-c{setting}"));
        }
        let program = self.programs.join("postgres");
        Leash::start(&self.directory, "QUIT", &program, &arguments, self.user)
    }

    /// The server writes into this file how far it is.
    fn is_ready(&self) -> bool {
        let status = fs::read_to_string(self.data().join("postmaster.pid"));
        status.is_ok_and(|text| text.lines().nth(7).map(str::trim) == Some("ready"))
    }
}

fn settings(options: &Options) -> Vec<String> {
    let on = if options.durable { "on" } else { "off" };
    let mut settings = vec![
        "listen_addresses=127.0.0.1".to_owned(),
        format!("fsync={on}"),
        format!("full_page_writes={on}"),
        "max_connections=300".into(),
        "max_wal_size=4GB".into(),
        "shared_buffers=256MB".into(),
        "log_min_messages=warning".into(),
    ];
    settings.extend_from_slice(&options.settings);
    settings
}

/// The directory with PostgreSQL's programs: where the variable says, on the path, or where Debian puts it, the
/// newest first.
fn programs() -> Result<PathBuf, Skip> {
    if let Some(named) = variable(POSTGRES_PROGRAMS) {
        return Ok(named.into());
    }
    if let Some(found) = on_path("initdb").and_then(|file| file.canonicalize().ok()) {
        let folder = found.parent().map(Path::to_path_buf);
        if let Some(folder) = folder.filter(|folder| folder.join("postgres").is_file()) {
            return Ok(folder);
        }
    }
    let versions = fs::read_dir("/usr/lib/postgresql");
    let newest = versions
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let version: u32 = entry.file_name().to_str()?.parse().ok()?;
            let folder = entry.path().join("bin");
            folder.join("initdb").is_file().then_some((version, folder))
        })
        .max();
    newest.map(|(_, folder)| folder).ok_or_else(|| {
        Skip::new(format!(
            "PostgreSQL is not installed (looked at {POSTGRES_PROGRAMS}, the path and /usr/lib/postgresql)"
        ))
    })
}

/// A new, empty database on the server that is there for all tests.
pub fn database() -> Result<PostgresDatabase, Skip> {
    Ok(PostgresDatabase::new(&shared()?, None))
}

/// A copy of a database of the server that is there for all tests. Nobody may be connected to the original.
pub fn copy_of(original: &PostgresDatabase) -> PostgresDatabase {
    PostgresDatabase::new(&original.server, Some(&original.name))
}

/// The URL of the server that is there for all tests.
pub fn shared() -> Result<String, Skip> {
    static SERVER: OnceLock<Result<PostgresServer, Skip>> = OnceLock::new();
    if let Some(url) = url_variable(POSTGRES) {
        return Ok(url);
    }
    match SERVER.get_or_init(PostgresServer::start) {
        Ok(server) => Ok(server.url()),
        Err(skip) => Err(skip.clone()),
    }
}

/// A database of the test's own. It is dropped when this is, with all connections that are still open.
#[derive(Debug)]
pub struct PostgresDatabase {
    /// The URL of the server's first database.
    server: String,
    name: String,
}

impl PostgresDatabase {
    fn new(server: &str, template: Option<&str>) -> Self {
        loop {
            let name = super::unique_name();
            let template = template.map_or_else(String::new, |name| format!(" TEMPLATE {name}"));
            match execute(server, format!("CREATE DATABASE {name}{template}")) {
                Ok(()) => {
                    return Self {
                        server: server.to_owned(),
                        name,
                    };
                }
                // Left behind by an earlier process with the same number.
                Err(error) if error.code() == Some(&SqlState::DUPLICATE_DATABASE) => {}
                Err(error) => panic!("{server}: {}", told(&error)),
            }
        }
    }

    /// Its name on the server.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its URL, as the superuser.
    pub fn url(&self) -> String {
        let (server, _) = self.server.rsplit_once('/').unwrap_or((&self.server, ""));
        format!("{server}/{}", self.name)
    }
}

impl Drop for PostgresDatabase {
    fn drop(&mut self) {
        // The server may be gone: some tests kill it.
        let _ = execute(
            &self.server,
            format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name),
        );
    }
}

/// Runs statements on a connection of its own; the caller may be inside a runtime or not.
pub(super) fn execute(url: &str, sql: String) -> Result<(), tokio_postgres::Error> {
    answers(url, sql).map(|_| ())
}

/// What statements give on a connection of its own: each row's columns in text, an empty one for none.
pub fn rows(url: &str, sql: &str) -> Vec<Vec<String>> {
    let answers = answers(url, sql.to_owned());
    let answers = answers.unwrap_or_else(|error| panic!("{sql}: {}", told(&error)));
    let rows = answers.into_iter().filter_map(|answer| match answer {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    });
    let text = |row: &SimpleQueryRow, column| row.get(column).unwrap_or_default().to_owned();
    rows.map(|row| (0..row.len()).map(|column| text(&row, column)).collect())
        .collect()
}

fn answers(url: &str, sql: String) -> Result<Vec<SimpleQueryMessage>, tokio_postgres::Error> {
    let config: Config = url.parse()?;
    let work = async move {
        let (client, connection) = config.connect(NoTls).await?;
        let driver = tokio::spawn(connection);
        let done = client.simple_query(&sql).await;
        drop(client);
        let _ = driver.await;
        done
    };
    crate::run_apart(work)
}

/// An error with its cause, which says more.
fn told(error: &tokio_postgres::Error) -> String {
    let cause = std::error::Error::source(error);
    cause.map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"))
}
