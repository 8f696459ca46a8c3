//! How a command ends: its exit code, and the one line that says why.

use std::io;
use std::process::ExitCode;

/// The end of a command that could do its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Done.
    Done,
    /// Done, but some rows or commands were rejected.
    SomeRejected,
    /// It looked, and what it found is not as it should be.
    NotAsItShouldBe,
}

impl Outcome {
    /// Done, or done with so many rejected.
    pub(crate) fn with_rejects(rejected: u64) -> Self {
        if rejected == 0 {
            Self::Done
        } else {
            Self::SomeRejected
        }
    }
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Done => ExitCode::SUCCESS,
            Outcome::NotAsItShouldBe => ExitCode::FAILURE,
            Outcome::SomeRejected => ExitCode::from(3),
        }
    }
}

/// Why a command could not do its work.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    /// It was asked for something that makes no sense: flags, configuration.
    #[error("{0}")]
    Usage(String),
    /// It tried and failed.
    #[error("{0}")]
    Failed(String),
    /// Whoever read standard output has read enough.
    #[error("nobody reads the output any more")]
    NobodyReads,
}

impl CliError {
    /// Wrong usage.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::Usage(message.into())
    }

    /// A failure.
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self::Failed(message.into())
    }

    /// What becomes of an error while standard output is written: a closed pipe is no failure of ours.
    pub(crate) fn stdout(error: &io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self::NobodyReads
        } else {
            Self::Failed(format!("cannot write to standard output: {error}"))
        }
    }

    /// Says it on standard error, in one line, and gives the exit code.
    pub(crate) fn report(&self) -> ExitCode {
        match self {
            Self::Usage(message) => {
                eprintln!("error: {message}");
                ExitCode::from(2)
            }
            Self::Failed(message) => {
                eprintln!("error: {message}");
                ExitCode::FAILURE
            }
            // As a program does that the system ends on a closed pipe: quietly.
            Self::NobodyReads => ExitCode::SUCCESS,
        }
    }
}
