//! Three replicas under load: one is killed, one is paused for longer than its leases last; the same where one of them writes
//! for all. Nothing that was acknowledged is lost, nothing is allocated twice, and every event comes out in order.

use std::thread::ScopedJoinHandle;

use landfall_testkit::servers::{RedisServer, needed, postgres};
use serde_json::json;

use super::crowd::{COLD, Crowd, HOT, Order};
use super::{Shop, ledger};
use crate::support::{Service, until};

/// Customers who order at once.
const CUSTOMERS: usize = 12;
/// Acknowledged commands between two events.
const MEANWHILE: usize = 300;

/// Batches of what everybody wants, too few, and enough of the rest.
fn stock() -> String {
    let hot = HOT.iter().flat_map(|sku| {
        let batches = [("", 60), ("2030-01-01", 100), ("2030-02-01", 140)];
        batches.map(|(eta, quantity)| format!("{sku}-{eta},{sku},{quantity},{eta}\n"))
    });
    let cold = (0..COLD).map(|number| format!("cold-{number},COLD-{number},100000,\n"));
    let rows: String = hot.chain(cold).collect();
    format!("ref,sku,qty,eta\n{rows}")
}

/// Tells the customers to go home when it is dropped.
struct GoHome<'a>(&'a Crowd);

impl Drop for GoHome<'_> {
    fn drop(&mut self) {
        self.0.is_over();
    }
}

/// Replicas by their names.
type Replicas = Vec<(&'static str, Service)>;

/// Where the one stands that writes for all.
fn writing(shop: &Shop, replicas: &Replicas) -> usize {
    let mut place = None;
    until(|| {
        let names = shop
            .rows("SELECT split_part(holder, '/', 1) FROM writing_replica WHERE expires > now()");
        let name = names.into_iter().flatten().next();
        place = replicas
            .iter()
            .position(|(its, _)| name.as_deref() == Some(its));
        place.is_some()
    });
    place.unwrap()
}

/// How many commands were handed on by those that run now.
fn handed_on(replicas: &Replicas) -> u64 {
    let counts = replicas.iter().map(|(_, replica)| {
        let metrics = replica.get("/metrics").body;
        let mut lines = metrics.lines();
        let count = lines.find_map(|line| line.strip_prefix("landfall_commands_handed_on_total "));
        count.map_or(0, |count| count.parse().unwrap())
    });
    counts.sum()
}

#[test]
fn replicas_that_die_and_hang_lose_nothing_and_allocate_nothing_twice() {
    die_and_hang(false);
}

/// One writes for all: it is the one that dies, and the next one hangs.
#[test]
fn one_that_writes_for_all_dies_and_hangs_and_nothing_is_lost() {
    die_and_hang(true);
}

/// Of three replicas one is killed and another one is paused: those that write for all, where one does.
fn die_and_hang(one_writes: bool) {
    let (Some(database), Some(redis)) =
        (needed(postgres::database()), needed(RedisServer::start()))
    else {
        return;
    };
    let advertise = if one_writes {
        "advertise = \"http://127.0.0.1:0\"\n"
    } else {
        ""
    };
    let configuration = format!(
        "{advertise}[relay]\nbegin = \"beginning\"\nlease_seconds = 1\n[redis]\nurl = {}\nlease_seconds = 1\n",
        json!(redis.url())
    );
    let shop = Shop::on(database.url(), &configuration);
    shop.place.write("batches.csv", stock());
    shop.run(&["import", "batches", "batches.csv"]).ended(0);
    let mut replicas: Replicas = ["first", "second", "third"]
        .map(|name| (name, shop.serve(name)))
        .into();
    let falls = |replicas: &Replicas, place: usize| {
        if one_writes {
            writing(&shop, replicas)
        } else {
            place
        }
    };
    let addresses = replicas.iter().map(|(_, replica)| replica.address);
    let crowd = Crowd::of(addresses.collect());
    let orders: Vec<_> = std::thread::scope(|scope| {
        // Also where this fails: the scope waits for them.
        let going_home = GoHome(&crowd);
        let customers: Vec<_> = (0..CUSTOMERS)
            .map(|customer| {
                scope.spawn({
                    let crowd = &crowd;
                    move || crowd.order(customer)
                })
            })
            .collect();
        let more = |count: usize| {
            let before = crowd.acknowledged();
            until(|| {
                crowd.acknowledged() >= before + count
                    || customers.iter().any(ScopedJoinHandle::is_finished)
            });
        };
        more(MEANWHILE);
        let dies = falls(&replicas, 0);
        replicas.remove(dies).1.kill();
        more(MEANWHILE);
        replicas.insert(dies, ("fourth", shop.serve("fourth")));
        crowd.replace(dies, replicas[dies].1.address);
        let hangs = falls(&replicas, 1);
        let held = format!(
            "SELECT count(*) FROM relays WHERE holder LIKE '{}/%' AND expires > now()",
            replicas[hangs].0
        );
        until(|| shop.count(&held) > 0);
        replicas[hangs].1.pause();
        // The others go on, and take over what it relays.
        more(MEANWHILE);
        until(|| shop.count(&held) == 0);
        until(|| !one_writes || writing(&shop, &replicas) != hangs);
        replicas[hangs].1.resume();
        let before = crowd.acknowledged_by(hangs);
        until(|| {
            crowd.acknowledged_by(hangs) > before + 50
                || customers.iter().any(ScopedJoinHandle::is_finished)
        });
        more(MEANWHILE);
        drop(going_home);
        let orders = customers
            .into_iter()
            .flat_map(|customer| customer.join().unwrap());
        let orders = orders.collect();
        let behind = "SELECT count(*) FROM relays r JOIN heads h ON h.partition = r.partition \
                       WHERE r.sink = 'redis-stream' AND r.cursor < h.next_offset - 1";
        until(|| shop.count(behind) == 0);
        assert_eq!(handed_on(&replicas) > MEANWHILE as u64, one_writes);
        for (_, replica) in replicas {
            assert!(replica.stop().success());
        }
        orders
    });
    assert!(crowd.troubles() > 0, "nobody was bothered");
    all_is_there(&shop, &redis, &orders);
}

/// What was acknowledged is in the database, nothing else is, every event came out, and nobody holds anything any more.
fn all_is_there(shop: &Shop, redis: &RedisServer, orders: &[Order]) {
    ledger::holds_exactly(shop, orders);
    assert!(
        ledger::no_batch_is_overdrawn(shop) >= HOT.len(),
        "stock is scarce"
    );
    let last = ledger::log_has_no_gaps(shop);
    assert!(
        last.values().filter(|last| **last > 0).count() > 8,
        "{last:?}"
    );
    ledger::came_out(redis.port(), "landfall:events", &last);
    let audit = shop.adds_up();
    assert!(audit["backordered_lines"].as_u64() > Some(0), "{audit}");
    assert_eq!(
        shop.count("SELECT count(*) FROM relays WHERE expires > now()"),
        0,
        "leases are handed over"
    );
    let turns = shop.count("SELECT count(*) FROM writing_replica");
    assert_eq!(turns, 0, "the turn is given up");
}
