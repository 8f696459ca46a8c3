//! What cargo knows about the workspace: its crates and what each says it depends on.

use std::path::PathBuf;
use std::process::Command;

use serde::Deserialize;

use crate::Outcome;
use crate::command::shown;

/// The part of `cargo metadata` that the chores need.
#[derive(Debug, Deserialize)]
pub(crate) struct Metadata {
    /// The crates of the workspace, and only these.
    pub(crate) packages: Vec<Package>,
    /// Where cargo builds to; what a chore writes goes below it, where git does not look.
    pub(crate) target_directory: PathBuf,
}

/// One crate of the workspace.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) dependencies: Vec<Dependency>,
}

/// One line of a crate's list of dependencies, under the name that the crate was published with.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    pub(crate) kind: Option<Kind>,
}

/// The kinds of dependency that are not there at run time; a plain one has no kind.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    Dev,
    Build,
}

impl Dependency {
    /// Whether only tests and benches see it.
    pub(crate) fn is_dev(&self) -> bool {
        self.kind == Some(Kind::Dev)
    }
}

/// Asks cargo. `--no-deps` keeps it quick and offline: the rules are about what crates say
/// themselves, not about what that pulls in.
pub(crate) fn read() -> Outcome<Metadata> {
    let mut command = Command::new("cargo");
    command.args(["metadata", "--format-version", "1", "--no-deps"]);
    let output = command
        .output()
        .map_err(|error| format!("cannot start `{}`: {error}", shown(&command)))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("`{}` failed: {}", shown(&command), said.trim()).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}
