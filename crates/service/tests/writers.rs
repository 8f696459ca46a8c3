//! Several writers on one database of several partitions: whoever comes second loads again, nothing is lost,
//! and nothing is given twice.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeSet;
use std::sync::Arc;

use landfall_domain::LineKey;
use landfall_service::engine::{self, Limits};
use landfall_service::memory::MemoryStore;
use landfall_service::views::Views;
use landfall_service::{Answer, Bus, Failure, Reply, Request};
use landfall_testkit::FixedClock;
use landfall_testkit::commands::{
    batch, cancel_line, line, name, order, set_eta, set_quantity, set_shipment_eta, shipment,
    with_id,
};
use landfall_testkit::state::state;

const WRITERS: usize = 3;
const PARTITIONS: u16 = 4;
const CALLERS: u64 = 6;
const COMMANDS: u64 = 60;
const SKUS: [&str; 6] = ["SOFA", "LAMP", "RUG", "BED", "CHAIR", "DESK"];

/// Numbers that are as good as random and the same each time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) % bound
    }

    fn sku(&mut self) -> &'static str {
        SKUS[usize::try_from(self.below(6)).unwrap()]
    }
}

/// A command of a caller: some are about things that the others know, too.
fn command(caller: u64, at: u64, numbers: &mut Numbers) -> Request {
    let (sku, other) = (numbers.sku(), numbers.sku());
    let days = i64::try_from(numbers.below(20)).unwrap();
    let eta = landfall_testkit::today() + jiff::ToSpan::days(days);
    let quantity = numbers.below(9) + 1;
    match numbers.below(10) {
        0 | 1 => batch(&format!("b-{caller}-{at}"), sku, quantity * 3)
            .eta(eta)
            .into(),
        2 => batch(&format!("s-{caller}-{at}"), sku, quantity * 3)
            .on("MV-1")
            .into(),
        3 | 4 => line(&format!("o-{caller}-{at}"), sku, quantity).into(),
        5 => {
            let lines = [(sku, quantity), (other, 2)];
            let lines = if sku == other {
                &lines[..1]
            } else {
                &lines[..]
            };
            let placed = order(&format!("p-{caller}-{at}"), lines);
            let placed = if at.is_multiple_of(2) {
                placed.together()
            } else {
                placed
            };
            with_id(&format!("id-{caller}-{at}"), placed)
        }
        // Everybody's order, everybody's batch, everybody's vessel.
        6 => line("o-all", sku, 1)
            .line_id(&format!("{caller}-{at}"))
            .into(),
        7 => set_quantity(&format!("b-all-{sku}"), quantity * 5).into(),
        8 if at.is_multiple_of(3) => set_shipment_eta("MV-1", Some(eta)).into(),
        8 => set_eta(&format!("b-all-{sku}"), Some(eta)).into(),
        _ => cancel_line(&format!("o-{caller}-{}", numbers.below(at + 1)), sku).into(),
    }
}

/// Asks until there is an answer: an engine that was overtaken too often says that nothing was done.
async fn ask(bus: &Bus, request: &Request) -> Answer {
    loop {
        match bus.handle(request.clone()).await {
            Err(Failure::Unavailable {
                outcome_unknown: false,
                ..
            }) => {}
            answer => return answer,
        }
    }
}

fn lines_of(reply: &Reply) -> Vec<LineKey> {
    let key = |line: &landfall_service::resources::LineResource| LineKey {
        order_id: line.order_id.clone(),
        line_id: line.line_id.clone(),
    };
    match reply {
        Reply::Line(line) => vec![key(line)],
        Reply::Order(order) => order.lines.iter().map(key).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn several_writers_lose_nothing() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .enable_all()
        .build()
        .unwrap();
    let (store, views) = MemoryStore::with_partitions(PARTITIONS);
    let stores = (0..WRITERS).map(|_| store.writer()).collect();
    let reader = move || Ok(store.reader());
    let calendar = FixedClock::new().calendar(1);
    let limits = Limits::default();
    let (bus, running) = engine::start_writers(stores, reader, calendar, limits).unwrap();
    let accepted = runtime.block_on(async {
        ask(
            &bus,
            &shipment("MV-1", Some(landfall_testkit::today())).into(),
        )
        .await
        .unwrap();
        for sku in SKUS {
            let everybodys = batch(&format!("b-all-{sku}"), sku, 20);
            ask(&bus, &everybodys.into()).await.unwrap();
        }
        let callers = (0..CALLERS).map(|caller| {
            let bus = bus.clone();
            tokio::spawn(async move {
                let mut numbers = Numbers(caller + 1);
                let mut accepted: Vec<(Request, Answer)> = Vec::new();
                for at in 0..COMMANDS {
                    let request = command(caller, at, &mut numbers);
                    let answer = ask(&bus, &request).await;
                    accepted.push((request, answer));
                }
                accepted
            })
        });
        let mut accepted = Vec::new();
        for caller in callers.collect::<Vec<_>>() {
            accepted.extend(caller.await.unwrap());
        }
        // What has an id is answered as it was.
        for (request, answer) in accepted.iter().filter(|(request, _)| request.id.is_some()) {
            assert_eq!(ask(&bus, request).await, *answer);
        }
        drop(bus);
        accepted
    });
    running.join();
    let views: Arc<dyn Views> = Arc::new(views);
    let state = runtime.block_on(state(&*views));
    let there: BTreeSet<&LineKey> = state.lines.iter().map(|line| &line.key).collect();
    let mut expected = 0;
    for (request, answer) in &accepted {
        match answer {
            Ok(done) => {
                for key in lines_of(&done.reply) {
                    assert!(there.contains(&key), "{key} was accepted: {request:?}");
                    expected += 1;
                }
            }
            Err(Failure::Rejected(_)) => {}
            Err(failure) => panic!("{request:?}: {failure}"),
        }
    }
    assert!(expected > 100, "lines were accepted: {expected}");
    let everybodys = state.lines.iter();
    let everybodys = everybodys.filter(|line| line.key.order_id == name("o-all"));
    assert!(everybodys.count() > 10, "they wrote to one order at a time");
    assert!(state.heads.iter().filter(|(_, next)| *next > 1).count() > 1);
}
