//! The product under load: start it, give it stock, drive it, look at what it holds, end it.

use super::check::{self, Check};
use super::child::Server;
use super::drive::Drive;
use super::report::Figures;
use super::setup::setup;
use super::workload::Names;
use super::{BenchError, Plan};
use std::hash::{BuildHasher, RandomState};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

/// Which service is driven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    /// One that runs already.
    Running(SocketAddr),
    /// One that is started on this database.
    Database(String),
    /// One that is started on a file that is removed afterwards.
    Temporary,
}

/// What one run of the product gave.
pub(super) struct Run {
    pub(super) figures: Figures,
    pub(super) checks: Vec<Check>,
    pub(super) peak_memory: Option<u64>,
    pub(super) names: Arc<Names>,
}

/// Runs the load once.
pub(super) async fn measure(plan: &Plan, round: u32) -> Result<Run, BenchError> {
    // A new database needs no tag, and without one two runs of a seed are the same to the byte.
    let tag = match plan.target {
        Target::Temporary => "bench".to_owned(),
        Target::Running(_) | Target::Database(_) => {
            format!(
                "bench-{:08x}-{round}",
                RandomState::new().hash_one(round) & 0xffff_ffff
            )
        }
    };
    let names = Arc::new(Names::new(tag, plan.order_ids, plan.drive.seed, plan.skus));
    // It is removed when this is dropped, after the server has ended.
    let directory = tempfile::tempdir().map_err(BenchError::Directory)?;
    let database = match &plan.target {
        Target::Running(address) => {
            let (figures, checks) = drive(plan, *address, &names).await?;
            return Ok(Run {
                figures,
                checks,
                peak_memory: None,
                names,
            });
        }
        Target::Database(database) => database.clone(),
        Target::Temporary => format!("sqlite:{}", directory.path().join("bench.db").display()),
    };
    let server = Server::start(&["serve", "--listen", "127.0.0.1:0", "--database", &database])?;
    let (figures, mut checks) = drive(plan, server.address(), &names).await?;
    let peak_memory = server.peak_memory();
    server.stop()?;
    // Memory is gone with its process.
    if !database.starts_with("memory:") {
        checks.push(check::audit(&database)?);
    }
    Ok(Run {
        figures,
        checks,
        peak_memory,
        names,
    })
}

/// Drives a service that runs, and checks it.
async fn drive(
    plan: &Plan,
    server: SocketAddr,
    names: &Arc<Names>,
) -> Result<(Figures, Vec<Check>), BenchError> {
    let next_order = Arc::new(AtomicU64::new(0));
    let preloaded = setup(server, names, plan.preload, &next_order).await?;
    let drive = Drive {
        server,
        ..plan.drive.clone()
    };
    let mut driven = drive.run(names, &next_order).await?;
    let figures = Figures::new(&driven, plan.drive.duration);
    // The preloaded lines lie on the first SKU, and have to be there like all others.
    if let Some(first) = driven.tally.acknowledged.first_mut() {
        first.merge(preloaded);
    }
    let tally = &driven.tally;
    let checks = check::through_the_service(server, names, tally, plan.preload.batches).await?;
    Ok((figures, checks))
}
