//! Three replicas under load: one is killed, one is paused for longer than its leases last. Nothing that was
//! acknowledged is lost, nothing is allocated twice, and every event comes out in order.

use std::thread::ScopedJoinHandle;

use landfall_testkit::servers::{RedisServer, needed, postgres};
use serde_json::json;

use super::crowd::{COLD, Crowd, HOT};
use super::{Shop, ledger};
use crate::support::until;

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

#[test]
fn replicas_that_die_and_hang_lose_nothing_and_allocate_nothing_twice() {
    let (Some(database), Some(redis)) =
        (needed(postgres::database()), needed(RedisServer::start()))
    else {
        return;
    };
    let configuration = format!(
        "[relay]\nbegin = \"beginning\"\nlease_seconds = 1\n[redis]\nurl = {}\nlease_seconds = 1\n",
        json!(redis.url())
    );
    let shop = Shop::on(database.url(), &configuration);
    shop.place.write("batches.csv", stock());
    shop.run(&["import", "batches", "batches.csv"]).ended(0);
    let [first, second, third] = ["first", "second", "third"].map(|name| shop.serve(name));
    let crowd = Crowd::of(
        [&first, &second, &third]
            .map(|replica| replica.address)
            .to_vec(),
    );
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
        first.kill();
        more(MEANWHILE);
        let fourth = shop.serve("fourth");
        crowd.replace(0, fourth.address);
        let held_by_second =
            "SELECT count(*) FROM relays WHERE holder LIKE 'second/%' AND expires > now()";
        until(|| shop.count(held_by_second) > 0);
        second.pause();
        // The others go on, and take over what it relays.
        more(MEANWHILE);
        until(|| shop.count(held_by_second) == 0);
        second.resume();
        let before = crowd.acknowledged_by(1);
        until(|| {
            crowd.acknowledged_by(1) > before + 50
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
        for replica in [second, third, fourth] {
            assert!(replica.stop().success());
        }
        orders
    });
    assert!(crowd.troubles() > 0, "nobody was bothered");
    ledger::holds_exactly(&shop, &orders);
    assert!(
        ledger::no_batch_is_overdrawn(&shop) >= HOT.len(),
        "stock is scarce"
    );
    let last = ledger::log_has_no_gaps(&shop);
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
}
