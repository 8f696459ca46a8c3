//! What every [`Relays`] must do: leases that one holder has at a time, cursors that never go back, dead letters
//! that are kept.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use landfall_domain::Event;
use landfall_service::relay::{Advance, Begin, DeadLetter, Lease, Refused, RelayError, Relays};
use landfall_service::views::Page;

use super::scene::{Scene, written_at};
use crate::commands::name;
use crate::database::Database;
use crate::harness::all_events;

/// A database with relays.
pub trait RelayDatabase: Database {
    /// Where its relays keep their place, opened anew.
    fn relays(&self) -> Arc<dyn Relays>;
}

/// Makes a test of every case of the contract of relays, for one kind of database.
#[macro_export]
macro_rules! relays_contract {
    ($database:ty) => {
        type DatabaseUnderTest = $database;

        $crate::store_contract! { @group relays
            a_sink_begins_where_it_is_told the_log_is_read_by_partition
            a_lease_is_one_holders_at_a_time a_lease_expires a_lost_lease_moves_nothing
            a_cursor_never_goes_back dead_letters_are_kept members_are_counted
            a_sink_that_is_dismissed_leaves_nothing where_sinks_stand_is_told what_is_written_down_survives of_many_takers_one_has_it
        }
    };
}

const LONG: Duration = Duration::from_hours(1);
const SHORT: Duration = Duration::from_millis(1);

/// Writes an event of each of so many products, and gives the ends of the log.
async fn write<D: Database>(database: &mut D, relays: &dyn Relays, scene: &mut Scene) -> Vec<u64> {
    for sku in ["SOFA", "LAMP", "RUG", "BED", "CHAIR", "DESK", "STOOL"] {
        let event = Event::BatchCancelled {
            reference: name("b"),
            from: 1,
            to: 1,
            reason: None,
        };
        scene.events.push((Some(name(sku)), event));
        if scene.is_new(sku) {
            scene.batch(&format!("b-{sku}"), sku, 1);
        }
    }
    scene.commit(&mut database.store()).await.expect("commit");
    relays.ends().await.expect("ends")
}

/// A partition in which something was written.
fn busy(ends: &[u64]) -> u16 {
    let at = ends.iter().position(|end| *end > 0).expect("an event");
    u16::try_from(at).expect("a partition")
}

fn advance(lease: Lease, cursor: u64, dead: &[u64]) -> Advance {
    let refused = |offset: &u64| Refused {
        offset: *offset,
        reason: format!("{offset} is \"bad\""),
        attempts: 3,
    };
    Advance {
        partition: lease.partition,
        fence: lease.fence,
        cursor,
        dead: dead.iter().map(refused).collect(),
    }
}

async fn cursor(relays: &dyn Relays, sink: &str, partition: u16) -> u64 {
    let standing = relays.standing().await.expect("standing");
    let of_sink = standing.iter().find(|standing| standing.sink == sink);
    of_sink.expect("the sink").partitions[usize::from(partition)].cursor
}

/// Takes one partition, which must be free.
async fn take(relays: &dyn Relays, sink: &str, holder: &str, partition: u16) -> Lease {
    let taken = relays.take(sink, holder, &[partition], LONG).await;
    let taken = taken.expect("take");
    assert_eq!(taken.len(), 1, "{partition} is free for {holder}");
    taken[0]
}

async fn letters(relays: &dyn Relays, sink: Option<&str>, limit: usize) -> Vec<DeadLetter> {
    let mut page = Page { after: None, limit };
    let mut all = Vec::new();
    loop {
        let list = relays.dead_letters(sink, &page).await.expect("letters");
        assert!(list.items.len() <= limit);
        all.extend(list.items);
        match list.next {
            Some(next) => page.after = Some(next),
            None => return all,
        }
    }
}

/// A new sink begins with what comes, or with everything; one that is known goes on.
pub async fn a_sink_begins_where_it_is_told<D: RelayDatabase>() {
    let mut database = D::create();
    let relays = database.relays();
    let mut scene = Scene::default();
    let ends = write(&mut database, &*relays, &mut scene).await;
    assert_eq!(ends.len(), usize::from(relays.partitions()));
    assert_eq!(ends.iter().sum::<u64>(), 7);
    relays.enroll("now", Begin::Now).await.expect("enroll");
    let all = Begin::Beginning;
    relays.enroll("all", all).await.expect("enroll");
    write(&mut database, &*relays, &mut scene).await;
    relays.enroll("now", all).await.expect("known");
    relays.enroll("all", Begin::Now).await.expect("known");
    let standing = relays.standing().await.expect("standing");
    let names: Vec<&str> = standing.iter().map(|s| s.sink.as_str()).collect();
    assert_eq!(names, ["all", "now"]);
    assert_eq!((standing[0].lag(), standing[1].lag()), (14, 7));
    for (at, end) in standing[1].partitions.iter().zip(&ends) {
        assert_eq!((at.cursor, at.holder.as_ref()), (*end, None));
    }
}

/// The log of each partition comes in order, after an offset, and no more than was asked for.
pub async fn the_log_is_read_by_partition<D: RelayDatabase>() {
    let mut database = D::create();
    let relays = database.relays();
    let mut scene = Scene::default();
    write(&mut database, &*relays, &mut scene).await;
    let ends = write(&mut database, &*relays, &mut scene).await;
    let mut expected = all_events(&*database.views()).await;
    expected.sort_by_key(|record| record.partition);
    let mut read = Vec::new();
    for (partition, end) in (0..).zip(&ends) {
        let mut after = 0;
        while after < *end {
            let records = relays.log(partition, after, 2).await.expect("log");
            assert!((1..=2).contains(&records.len()));
            after = records.last().expect("a record").offset;
            read.extend(records);
        }
        assert!(
            relays
                .log(partition, after, 2)
                .await
                .expect("log")
                .is_empty()
        );
    }
    assert_eq!(read, expected);
}

/// What one has nobody else gets, until it is let go of; each change of hands has a higher fence.
pub async fn a_lease_is_one_holders_at_a_time<D: RelayDatabase>() {
    let database = D::create();
    let relays = database.relays();
    relays.enroll("s", Begin::Now).await.expect("enroll");
    relays.enroll("other", Begin::Now).await.expect("enroll");
    let first = take(&*relays, "s", "a", 0).await;
    assert!(
        relays
            .take("s", "b", &[0], LONG)
            .await
            .expect("take")
            .is_empty()
    );
    assert!(
        relays
            .take("s", "a", &[0], LONG)
            .await
            .expect("take")
            .is_empty()
    );
    // Other sinks are others.
    take(&*relays, "other", "b", 0).await;
    let of_a = relays.renew("s", "a", LONG).await.expect("renew");
    assert_eq!(of_a.held, [first]);
    let of_b = relays.renew("s", "b", LONG).await.expect("renew");
    assert!(of_b.held.is_empty());
    let free: Vec<u16> = (1..relays.partitions()).collect();
    assert_eq!((&of_a.free, &of_b.free), (&free, &free));
    // Nobody lets go of what is another's.
    relays.release("s", "b", &[0]).await.expect("release");
    assert_eq!(
        relays.renew("s", "a", LONG).await.expect("renew").held,
        [first]
    );
    relays.release("s", "a", &[0]).await.expect("release");
    let second = take(&*relays, "s", "b", 0).await;
    assert!(second.fence > first.fence);
    relays.leave("s", "b").await.expect("leave");
    assert!(take(&*relays, "s", "a", 0).await.fence > second.fence);
}

/// Without renewal a lease ends by itself; what nobody took meanwhile can be renewed.
pub async fn a_lease_expires<D: RelayDatabase>() {
    let database = D::create();
    let relays = database.relays();
    relays.enroll("s", Begin::Now).await.expect("enroll");
    let first = relays.take("s", "a", &[0], SHORT).await.expect("take");
    while !relays
        .renew("s", "b", LONG)
        .await
        .expect("renew")
        .free
        .contains(&0)
    {
        tokio::time::sleep(SHORT).await;
    }
    let standing = relays.standing().await.expect("standing");
    assert_eq!(standing[0].partitions[0].holder, None, "it has expired");
    assert_eq!(
        relays.renew("s", "a", SHORT).await.expect("renew").held,
        first
    );
    let taken = loop {
        let taken = relays.take("s", "b", &[0], LONG).await.expect("take");
        if !taken.is_empty() {
            break taken;
        }
        tokio::time::sleep(SHORT).await;
    };
    assert!(taken[0].fence > first[0].fence);
    assert!(
        relays
            .renew("s", "a", LONG)
            .await
            .expect("renew")
            .held
            .is_empty()
    );
    let standing = relays.standing().await.expect("standing");
    assert_eq!(standing[0].partitions[0].holder.as_deref(), Some("b"));
}

/// Whoever has lost a lease, and be it to an own later one, moves no cursor and buries nothing.
pub async fn a_lost_lease_moves_nothing<D: RelayDatabase>() {
    let mut database = D::create();
    let relays = database.relays();
    let ends = write(&mut database, &*relays, &mut Scene::default()).await;
    relays.enroll("s", Begin::Beginning).await.expect("enroll");
    let partition = busy(&ends);
    let old = take(&*relays, "s", "a", partition).await;
    relays
        .release("s", "a", &[partition])
        .await
        .expect("release");
    let other = take(&*relays, "s", "b", partition).await;
    let now = written_at();
    let moved = |holder: &'static str, lease: Lease| {
        let relays = Arc::clone(&relays);
        async move {
            let advances = [advance(lease, 1, &[1])];
            let lost = relays.advance("s", holder, now, &advances).await;
            lost.expect("advance").is_empty()
        }
    };
    assert!(!moved("a", old).await);
    assert!(!moved("a", other).await, "it is b's");
    assert!(!moved("b", old).await, "it is an old one");
    relays.leave("s", "b").await.expect("leave");
    assert!(!moved("b", other).await, "it was let go of");
    let new = take(&*relays, "s", "a", partition).await;
    assert!(!moved("a", old).await, "it has a later one");
    assert_eq!(cursor(&*relays, "s", partition).await, 0);
    assert!(letters(&*relays, None, 10).await.is_empty());
    assert!(moved("a", new).await);
    assert_eq!(cursor(&*relays, "s", partition).await, 1);
    assert_eq!(letters(&*relays, None, 10).await.len(), 1);
}

/// A cursor stays where it is when a smaller one comes.
pub async fn a_cursor_never_goes_back<D: RelayDatabase>() {
    let mut database = D::create();
    let relays = database.relays();
    let mut scene = Scene::default();
    for _ in 0..3 {
        write(&mut database, &*relays, &mut scene).await;
    }
    let partition = busy(&relays.ends().await.expect("ends"));
    relays.enroll("s", Begin::Beginning).await.expect("enroll");
    let lease = take(&*relays, "s", "a", partition).await;
    for (to, is) in [(2, 2), (1, 2), (0, 2), (3, 3)] {
        let advances = [advance(lease, to, &[])];
        let lost = relays.advance("s", "a", written_at(), &advances).await;
        assert!(lost.expect("advance").is_empty());
        assert_eq!(cursor(&*relays, "s", partition).await, is);
    }
    relays.leave("s", "a").await.expect("leave");
    let next = take(&*relays, "s", "b", partition).await;
    assert_eq!(next.cursor, 3, "whoever comes next goes on from there");
}

/// Dead letters are kept with all that is known of them, listed by sink in pages, and taken out once.
pub async fn dead_letters_are_kept<D: RelayDatabase>() {
    let database = D::create();
    let relays = database.relays();
    let now = written_at();
    for (sink, dead) in [("b", vec![2_u64, 3, 10]), ("a", vec![1]), ("c", vec![4])] {
        relays.enroll(sink, Begin::Beginning).await.expect("enroll");
        let lease = take(&*relays, sink, "me", 0).await;
        let advances = [advance(lease, 10, &dead)];
        relays
            .advance(sink, "me", now, &advances)
            .await
            .expect("advance");
    }
    let found = letters(&*relays, Some("b"), 2).await;
    let offsets: Vec<u64> = found.iter().map(|letter| letter.offset).collect();
    assert_eq!(offsets, [2, 3, 10]);
    let first = DeadLetter {
        sink: "b".into(),
        partition: 0,
        offset: 2,
        reason: "2 is \"bad\"".into(),
        attempts: 3,
        time: now,
    };
    assert_eq!(found[0], first);
    for limit in [1, 2, 10] {
        let sinks = letters(&*relays, None, limit).await;
        let sinks: Vec<String> = sinks.into_iter().map(|letter| letter.sink).collect();
        assert_eq!(sinks, ["a", "b", "b", "b", "c"]);
    }
    assert!(letters(&*relays, Some("nobody"), 10).await.is_empty());
    for bad in ["", "b", "b\n0", "b\n0\nx", "b\n0\n1\n2"] {
        let page = Page {
            after: Some(bad.into()),
            limit: 1,
        };
        let refused = relays.dead_letters(None, &page).await;
        assert!(matches!(refused, Err(RelayError::BadCursor)), "{bad:?}");
    }
    // The same again is one, as it was last.
    let later = now + jiff::SignedDuration::from_secs(1);
    relays.leave("b", "me").await.expect("leave");
    let lease = take(&*relays, "b", "me", 0).await;
    let advances = [advance(lease, 10, &[2])];
    relays
        .advance("b", "me", later, &advances)
        .await
        .expect("advance");
    let found = letters(&*relays, Some("b"), 10).await;
    assert_eq!((found.len(), found[0].time), (3, later));
    let taken = relays.bury("b", &[(0, 2), (0, 10), (0, 99)]).await;
    assert_eq!(taken.expect("bury"), 2);
    assert_eq!(relays.bury("b", &[(0, 2)]).await.expect("bury"), 0);
    let left = letters(&*relays, None, 10).await;
    let left: Vec<_> = left.iter().map(|l| (l.sink.as_str(), l.offset)).collect();
    assert_eq!(left, [("a", 1), ("b", 3), ("c", 4)]);
    let standing = relays.standing().await.expect("standing");
    let counts: Vec<u64> = standing.iter().map(|s| s.dead_letters).collect();
    assert_eq!(counts, [1, 1, 1]);
}

/// Whoever renews in time is counted, with or without leases, for each sink apart.
pub async fn members_are_counted<D: RelayDatabase>() {
    let database = D::create();
    let relays = database.relays();
    relays.enroll("s", Begin::Now).await.expect("enroll");
    relays.enroll("t", Begin::Now).await.expect("enroll");
    for (holder, members) in [("a", 1), ("b", 2), ("a", 2), ("c", 3)] {
        let shares = relays.renew("s", holder, LONG).await.expect("renew");
        assert_eq!(shares.members, members);
    }
    assert_eq!(
        relays.renew("t", "a", LONG).await.expect("renew").members,
        1
    );
    relays.leave("s", "c").await.expect("leave");
    assert_eq!(
        relays.renew("s", "a", LONG).await.expect("renew").members,
        2
    );
    relays.renew("s", "b", SHORT).await.expect("renew");
    while relays.renew("s", "a", LONG).await.expect("renew").members > 1 {
        tokio::time::sleep(SHORT).await;
    }
}

/// Of a sink that is dismissed nothing is left, and of the others everything; under its name a new one begins.
pub async fn a_sink_that_is_dismissed_leaves_nothing<D: RelayDatabase>() {
    let mut database = D::create();
    let relays = database.relays();
    let ends = write(&mut database, &*relays, &mut Scene::default()).await;
    let partition = busy(&ends);
    for sink in ["s", "t"] {
        relays.enroll(sink, Begin::Beginning).await.expect("enroll");
        relays.renew(sink, "me", LONG).await.expect("renew");
        let lease = take(&*relays, sink, "me", partition).await;
        let advances = [advance(lease, 1, &[1])];
        let lost = relays.advance(sink, "me", written_at(), &advances).await;
        assert!(lost.expect("advance").is_empty());
    }
    let before = relays.standing().await.expect("standing");
    relays.dismiss("s").await.expect("dismiss");
    assert_eq!(relays.standing().await.expect("standing"), before[1..]);
    let left = letters(&*relays, None, 10).await;
    let left: Vec<_> = left.iter().map(|letter| letter.sink.as_str()).collect();
    assert_eq!(left, ["t"]);
    relays.dismiss("s").await.expect("once more");
    relays.enroll("s", Begin::Beginning).await.expect("enroll");
    assert_eq!(cursor(&*relays, "s", partition).await, 0);
    let shares = relays.renew("s", "you", LONG).await.expect("renew");
    assert_eq!(shares.members, 1, "who relayed to it is forgotten, too");
}

/// The standing of a sink: where it is, where the log ends, since when something waits, and who relays.
pub async fn where_sinks_stand_is_told<D: RelayDatabase>() {
    let mut database = D::create();
    let relays = database.relays();
    assert!(relays.standing().await.expect("standing").is_empty());
    relays.enroll("s", Begin::Now).await.expect("enroll");
    let empty = relays.standing().await.expect("standing").remove(0);
    assert_eq!((empty.lag(), empty.oldest()), (0, None));
    let ends = write(&mut database, &*relays, &mut Scene::default()).await;
    let partition = busy(&ends);
    let lease = take(&*relays, "s", "me", partition).await;
    let behind = relays.standing().await.expect("standing").remove(0);
    assert_eq!((behind.lag(), behind.oldest()), (7, Some(written_at())));
    let at = &behind.partitions[usize::from(partition)];
    assert_eq!((at.partition, at.cursor), (partition, 0));
    assert_eq!(
        (at.end, at.holder.as_deref()),
        (ends[usize::from(partition)], Some("me"))
    );
    let advances = [advance(lease, at.end, &[])];
    let now = Timestamp::UNIX_EPOCH;
    relays
        .advance("s", "me", now, &advances)
        .await
        .expect("advance");
    let caught_up = relays.standing().await.expect("standing").remove(0);
    let at = &caught_up.partitions[usize::from(partition)];
    assert_eq!((at.lag(), at.oldest), (0, None));
}

/// Cursors, leases and dead letters are there when the database is opened again.
pub async fn what_is_written_down_survives<D: RelayDatabase>() {
    let mut database = D::create();
    let relays = database.relays();
    write(&mut database, &*relays, &mut Scene::default()).await;
    relays.enroll("s", Begin::Beginning).await.expect("enroll");
    let lease = take(&*relays, "s", "me", 0).await;
    let advances = [advance(lease, 1, &[1])];
    relays
        .advance("s", "me", written_at(), &advances)
        .await
        .expect("advance");
    let before = relays.standing().await.expect("standing");
    drop(relays);
    let relays = database.relays();
    assert_eq!(relays.standing().await.expect("standing"), before);
    assert_eq!(letters(&*relays, None, 10).await.len(), 1);
    let held = relays.renew("s", "me", LONG).await.expect("renew").held;
    assert_eq!(held, [Lease { cursor: 1, ..lease }]);
}

/// However many want the same at the same time, each partition goes to one of them.
pub async fn of_many_takers_one_has_it<D: RelayDatabase>() {
    let database = D::create();
    let relays = database.relays();
    relays.enroll("s", Begin::Now).await.expect("enroll");
    let all: Vec<u16> = (0..relays.partitions()).collect();
    let takers = (0..8).map(|taker| {
        let (relays, all) = (database.relays(), all.clone());
        tokio::spawn(async move { relays.take("s", &format!("h-{taker}"), &all, LONG).await })
    });
    let mut taken: Vec<u16> = Vec::new();
    for taker in takers.collect::<Vec<_>>() {
        let leases = taker.await.expect("a taker").expect("take");
        taken.extend(leases.iter().map(|lease| lease.partition));
    }
    taken.sort_unstable();
    assert_eq!(taken, all);
}
