//! Whose turn it is to write, in PostgreSQL: the port's promises.

mod database;

use database::Pg;
use landfall_service::hand_on::Turns as _;
use landfall_testkit::Database;
use landfall_testkit::database::is_missing;
use landfall_testkit::turns::{a_turn_is_one_replicas, replica};

#[test]
fn it_keeps_the_promises_of_the_port() {
    if is_missing::<Pg<16>>() {
        return;
    }
    let pg = Pg::<16>::create();
    landfall_testkit::run(async {
        // Each on connections of its own, as in two replicas.
        a_turn_is_one_replicas(&pg.database.turns(), &pg.database.turns()).await;
    });
}

/// Many want a turn that nobody has: one has it, and all are told whose it is.
#[test]
fn of_many_at_once_one_has_it() {
    if is_missing::<Pg<1>>() {
        return;
    }
    let pg = Pg::<1>::create();
    landfall_testkit::run(async {
        let lease = std::time::Duration::from_hours(1);
        let asking: Vec<_> = (0..8)
            .map(|n| {
                let turns = pg.database.turns();
                let us = replica(&format!("r-{n}"), &format!("t-{n}"));
                tokio::spawn(async move { turns.turn(&us, lease).await.expect("an answer") })
            })
            .collect();
        let mut told = Vec::new();
        for asked in asking {
            told.extend(asked.await.expect("no panic"));
        }
        let now = pg.database.turns().turn(&replica("last", "t"), lease).await;
        let now = now.expect("an answer").expect("it is somebody's");
        assert!(told.iter().all(|replica| *replica == now), "{told:?}");
        assert!(told.iter().any(|replica| replica.holder == now.holder));
    });
}
