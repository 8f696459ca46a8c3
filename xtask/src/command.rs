//! Running other programs, and saying in words what went wrong with them.

use std::process::{Command, Stdio};

use crate::Outcome;

/// Runs a program whose output goes straight to the terminal; anything but success is an error.
pub(crate) fn run(command: &mut Command) -> Outcome<()> {
    eprintln!("$ {}", shown(command));
    let status = command
        .status()
        .map_err(|error| format!("cannot start `{}`: {error}", shown(command)))?;
    if status.success() {
        return Ok(());
    }
    Err(format!("`{}` ended with {status}", shown(command)).into())
}

/// Whether a program can be started at all; its output is thrown away.
pub(crate) fn is_there(command: &mut Command) -> bool {
    command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// The command as a person would type it, near enough to be copied from a message.
pub(crate) fn shown(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy().into_owned()];
    words.extend(
        command
            .get_args()
            .map(|arg| arg.to_string_lossy().into_owned()),
    );
    words.join(" ")
}
