//! `landfall backup`: a copy of the database, of one moment, while a service writes to it.

use std::path::PathBuf;

use crate::bootstrap;
use crate::config::{DatabaseArgs, Settings};
use crate::outcome::{CliError, Outcome};
use crate::terminal::Progress;

/// Bytes of a page, for the progress that is shown.
const PAGE: u64 = 4096;

/// Copy the database while a service writes to it
///
/// The copy is the database of one moment. FILE must not exist; it has its name only when it is complete.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    landfall backup monday.db\n  \
    landfall backup --database sqlite:/var/lib/landfall/stock.db /backups/stock.db")]
pub(crate) struct BackupArgs {
    /// Where the copy goes
    file: PathBuf,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// Makes the copy.
pub(crate) fn run(args: &BackupArgs, settings: &Settings) -> Result<Outcome, CliError> {
    let database = settings.database(&args.database);
    let mut progress = Progress::new("pages");
    let copied = bootstrap::back_up(&database, &args.file, &mut |done, all| {
        progress.update(done, Some((done * PAGE, all * PAGE)));
    });
    let seconds = progress.finish().as_secs_f64();
    copied?;
    eprintln!(
        "{database} is copied to {} in {seconds:.1} s",
        args.file.display()
    );
    Ok(Outcome::Done)
}
