//! What would be promised is what is promised, and asking changes nothing.

use landfall_domain::line::Status;
use landfall_domain::{Policy, Rejection, Terms};
use landfall_service::quote::{Inquiry, QuoteResource};
use landfall_service::{Failure, Reply, Request};
use landfall_testkit::commands::{LineCommand, batch, hold, line, name};
use landfall_testkit::{Harness, Memory, run, today};

use crate::in_days;

/// The inquiry about a line that somebody would order.
fn about(line: &LineCommand) -> Inquiry {
    Inquiry {
        sku: line.0.sku.clone(),
        terms: line.0.terms(),
    }
}

async fn quote(h: &Harness<Memory>, line: &LineCommand) -> QuoteResource {
    h.bus.promise(about(line)).await.unwrap()
}

/// In the warehouse 2 + 3, in 10 days 5, in 30 days 20, and 50 that nobody can count on; in Leeds, all but the
/// 3.
async fn shop() -> Harness<Memory> {
    let h = Harness::start();
    h.done(batch("b-1", "SOFA", 2).location("Leeds")).await;
    h.done(batch("b-2", "SOFA", 3).location("York")).await;
    for (reference, quantity, days) in [("b-3", 5, 10), ("b-4", 20, 30), ("b-5", 50, 1)] {
        let inbound = batch(reference, "SOFA", quantity).eta(in_days(days));
        h.done(inbound.location("Leeds")).await;
    }
    h.done(hold("b-5", "customs", None)).await;
    h
}

#[test]
fn what_would_be_promised_is_what_is_promised() {
    run(async {
        let h = shop().await;
        let asked = [
            line("o", "SOFA", 1),
            line("o", "SOFA", 4),
            line("o", "SOFA", 4).split(),
            line("o", "SOFA", 3).locations(&["Leeds"]),
            line("o", "SOFA", 3).locations(&["Leeds", "York"]),
            line("o", "SOFA", 1).requested(in_days(12)).just_in_time(),
            line("o", "SOFA", 20).requested(in_days(12)).just_in_time(),
            line("o", "SOFA", 21),
            line("o", "SOFA", 30).split(),
            line("o", "SOFA", 31).split(),
        ];
        for asked in asked {
            let told = quote(&h, &asked).await;
            let steps = h.bus.dry_run(vec![asked.into()]).await.unwrap();
            let done = steps.into_iter().next().unwrap().answer.unwrap();
            let Reply::Line(line) = done.reply else {
                panic!("not a line")
            };
            assert_eq!(told.promise, line.current_promise, "{told:?}");
            assert_eq!(told.status, line.status, "{told:?}");
            assert_eq!(told.allocations, line.allocations, "{told:?}");
            assert_eq!(told.requested_date, line.requested_date);
            assert_eq!((told.quantity, told.policy), (line.quantity, line.policy));
            assert_eq!(told.as_of, today());
        }
    });
}

#[test]
fn it_says_whether_that_is_in_time() {
    run(async {
        let h = shop().await;
        let in_time = async |days, units| {
            let asked = line("o", "SOFA", units).requested(in_days(days));
            quote(&h, &asked).await.in_time
        };
        assert_eq!(in_time(10, 5).await, Some(true), "on the very day");
        assert_eq!(in_time(9, 5).await, Some(false));
        assert_eq!(in_time(99, 50).await, Some(false), "it would wait");
        let none = quote(&h, &line("o", "SOFA", 50)).await;
        assert_eq!((none.in_time, none.promise), (None, None));
        assert_eq!(none.status, Status::Backordered);
        assert_eq!(none.allocations, []);
    });
}

#[test]
fn asking_reserves_nothing() {
    run(async {
        let h = shop().await;
        let before = h.events().await;
        for _ in 0..10 {
            let told = quote(&h, &line("o", "SOFA", 2)).await;
            assert_eq!(told.allocations[0].batch, name("b-1"));
        }
        assert_eq!(h.events().await, before);
        // The store that answered is asked again, and sees what has happened since.
        h.done(line("o", "SOFA", 2)).await;
        let told = quote(&h, &line("o", "SOFA", 2)).await;
        assert_eq!(told.allocations[0].batch, name("b-2"));
        h.in_order().await;
    });
}

#[test]
fn handling_days_count() {
    run(async {
        let h = Harness::<Memory>::start_with(landfall_service::engine::Limits::default(), 3);
        h.done(batch("b-1", "SOFA", 2)).await;
        assert_eq!(
            quote(&h, &line("o", "SOFA", 1)).await.promise,
            Some(in_days(3))
        );
    });
}

#[test]
fn of_what_is_not_sold_nothing_can_be_promised() {
    run(async {
        let h = shop().await;
        let inquiry = Inquiry {
            sku: name("SOFFA"),
            terms: Terms {
                policy: Policy::JustInTime,
                ..Terms::plain(1)
            },
        };
        let refused = h.bus.promise(inquiry).await;
        let unknown = Rejection::UnknownSku {
            field: "sku".into(),
            sku: name("SOFFA"),
        };
        assert_eq!(refused, Err(Failure::Rejected(unknown)));
        let wanted: Request = line("o", "SOFA", 1).into();
        assert!(h.bus.dry_run(vec![wanted]).await.is_ok());
    });
}

#[test]
fn many_may_ask_at_once() {
    run(async {
        let h = shop().await;
        let asked = line("o", "SOFA", 1);
        let ask = || {
            let (bus, inquiry) = (h.bus.clone(), about(&asked));
            tokio::spawn(async move { bus.promise(inquiry).await })
        };
        let all: Vec<_> = (0..50).map(|_| ask()).collect();
        for told in all {
            assert_eq!(told.await.unwrap().unwrap().promise, Some(today()));
        }
    });
}
