//! What the engine logs of groups that fail or are tried again. Engines have threads of their own, so one listener
//! hears the whole process.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::io::Write;
use std::sync::{LazyLock, Mutex};

use landfall_service::store::StoreError;
use landfall_service::{Failure, Request};
use landfall_testkit::commands::{batch, line, with_id};
use landfall_testkit::{Harness, Memory};

static LOG: Mutex<Vec<u8>> = Mutex::new(Vec::new());

pub(crate) static LISTENING: LazyLock<()> = LazyLock::new(|| {
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter("debug")
        .with_ansi(false)
        .with_writer(|| Log);
    subscriber.init();
});

struct Log;

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LOG.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The lines about the command with this id.
pub(crate) fn about(id: &str) -> Vec<String> {
    let said = String::from_utf8(LOG.lock().unwrap().clone()).unwrap();
    let id = format!("command_ids={id}");
    let lines = said
        .lines()
        .filter(|line| line.ends_with(&id) || line.contains(&format!("{id} ")));
    lines.map(str::to_owned).collect()
}

fn asked(id: &str) -> Request {
    with_id(id, line(&format!("o-{id}"), "SOFA", 1))
}

#[tokio::test]
async fn a_group_that_is_tried_again_names_its_commands() {
    LazyLock::force(&LISTENING);
    let world = Harness::<Memory>::start();
    world.done(batch("b", "SOFA", 10)).await;
    world.faults.fail_commit(0, StoreError::Conflict);
    let origin = Some("r-again".into());
    world
        .bus
        .handle_from(origin, asked("c-again"))
        .await
        .unwrap();
    let lines = about("c-again");
    let [line] = &*lines else { panic!("{lines:?}") };
    assert!(
        line.contains("DEBUG") && line.contains("a group is tried again"),
        "{line}"
    );
    assert!(
        line.contains("request_ids=r-again") && line.contains("attempt=1"),
        "{line}"
    );
    let failed = &world.stats().failed;
    let failed = failed
        .each_ref()
        .map(|n| n.load(std::sync::atomic::Ordering::Relaxed));
    assert_eq!(failed, [1, 0, 0, 0, 0]);
}

#[tokio::test]
async fn a_group_that_fails_names_its_commands() {
    LazyLock::force(&LISTENING);
    let world = Harness::<Memory>::start();
    world.done(batch("b", "SOFA", 10)).await;
    let gone = StoreError::Unavailable("the disk is full".into());
    world.faults.fail_commit(0, gone);
    let stream = world.bus.stream().with_origin(Some("r-fails".into()));
    let requests = vec![asked("c-fails-1"), asked("c-fails-2")];
    let answers = stream.submit(requests).await.await;
    let unavailable =
        |answer: &Result<_, Failure>| matches!(answer, Err(Failure::Unavailable { .. }));
    assert!(answers.iter().all(unavailable), "{answers:?}");
    let lines = about("c-fails-1,c-fails-2");
    let [line] = &*lines else { panic!("{lines:?}") };
    assert!(
        line.contains("WARN") && line.contains("a group was not committed"),
        "{line}"
    );
    assert!(
        line.contains("request_ids=r-fails") && line.contains("the disk is full"),
        "{line}"
    );
    let failed = &world.stats().failed;
    let failed = failed
        .each_ref()
        .map(|n| n.load(std::sync::atomic::Ordering::Relaxed));
    assert_eq!(failed, [0, 0, 1, 0, 0]);
}
