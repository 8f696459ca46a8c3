//! Small worlds that trade: determinism, and that a broken rule is seen.

use jiff::civil::date;

use super::super::clock::Days;
use super::super::slips::Slips;
use super::*;

fn settings(seed: u64) -> Settings {
    Settings {
        seed,
        days: Days {
            first: date(2024, 1, 1),
        },
        skus: 12,
        orders_a_day: 4,
        stock_percent: 60,
        scarce: 1,
        handling_days: 2,
        slips: Arc::new(Slips::built_in()),
    }
}

fn run(seed: u64, policy: Policy, days: i32) -> Traded {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let settings = settings(seed);
    let passed = AtomicU64::new(0);
    let traded = runtime.block_on(trade(&settings, policy, days, &passed, true));
    let traded = traded.unwrap_or_else(|broken| panic!("{broken}"));
    assert_eq!(passed.into_inner(), u64::try_from(days).unwrap());
    traded
}

#[test]
fn a_seed_has_one_trace() {
    let first = run(1, Policy::JustInTime, 120);
    assert_eq!(first.trace_hash.len(), 64);
    let again = run(1, Policy::JustInTime, 120);
    assert_eq!(first.trace_hash, again.trace_hash);
    assert_ne!(first.trace_hash, run(2, Policy::JustInTime, 120).trace_hash);
    assert_ne!(first.trace_hash, run(1, Policy::Earliest, 120).trace_hash);
}

#[test]
fn policies_have_the_same_customers_and_ships() {
    let told = |policy| {
        let traded = run(3, policy, 90);
        let of_world = traded.told.into_iter().map(|(day, requests)| {
            let requests = requests.into_iter().filter_map(|mut request| {
                match &mut request.command {
                    Command::Dispatch(_) => return None,
                    Command::PlaceOrder(placed) => placed.policy = Policy::Earliest,
                    _ => {}
                }
                Some(request)
            });
            (day, requests.collect::<Vec<_>>())
        });
        of_world.collect::<Vec<_>>()
    };
    assert_eq!(told(Policy::Earliest), told(Policy::JustInTime));
}

#[test]
fn everything_happens_in_a_world() {
    let traded = run(5, Policy::JustInTime, 250);
    let mut kinds = std::collections::BTreeMap::new();
    for (_, requests) in &traded.told {
        for request in requests {
            *kinds.entry(request.command.kind()).or_insert(0_u64) += 1;
        }
    }
    for kind in [
        "CreateBatch",
        "ChangeBatchQuantity",
        "HoldBatch",
        "ReleaseBatch",
        "ReceiveBatch",
        "CancelBatch",
        "CreateShipment",
        "ChangeShipmentEta",
        "HoldShipment",
        "ReleaseShipment",
        "ReceiveShipment",
        "PlaceOrder",
        "ChangeLineQuantity",
        "CancelLine",
        "CancelOrder",
        "Dispatch",
    ] {
        assert!(kinds.contains_key(kind), "{kind} of {kinds:?}");
    }
    assert_eq!(traded.audits, 9);
    assert!(traded.idle > 100, "{}", traded.idle);
    let figures = traded.mirror.finish().summary();
    assert!(
        figures.lines_dispatched * 10 > figures.lines * 5,
        "{figures:?}"
    );
    assert!(
        figures.units_short > 0 && figures.promises_later > 0,
        "{figures:?}"
    );
    assert!(figures.backorder_days.count > 0, "{figures:?}");
}

#[test]
fn worlds_of_many_seeds_break_no_rule() {
    for seed in [10, 12, 14] {
        run(seed, Policy::Earliest, 100);
        run(seed + 1, Policy::JustInTime, 100);
    }
}
