//! Promises that are withdrawn, or that never were, in what a dry run comes to.

use landfall_testkit::commands::{
    batch, cancel_batch, cancel_order, dispatch_units, hold, line, order, release,
};
use landfall_testkit::{Harness, Memory, run};

use crate::in_days;
use crate::summary::of;

/// Nobody was told a day, so nobody's promise is broken; that goods are lost is told all the same.
#[test]
fn who_was_promised_nothing_is_broken_no_promise() {
    run(async {
        let h = Harness::<Memory>::start();
        h.done(batch("b-1", "SOFA", 5)).await;
        h.done(batch("b-2", "LAMP", 1)).await;
        h.done(order("o-1", &[("SOFA", 1), ("LAMP", 9)]).together())
            .await;
        h.done(line("o-2", "SOFA", 1)).await;
        let gone = of(&h, cancel_batch("b-1")).await;
        assert_eq!((gone.lines_affected, gone.orders_affected), (2, 2));
        assert_eq!((gone.promises_broken, gone.lines_lost), (1, 2));
        assert_eq!((gone.orders_broken, gone.units_broken), (1, 1));
        assert_eq!((gone.promises_kept, gone.promises_improved), (0, 0));
        let listed: Vec<_> = gone.broken.iter().map(|b| b.order_id.as_str()).collect();
        assert_eq!(listed, ["o-2"]);
        assert_eq!(
            gone.text,
            "batch b-1 cancelled: 2 lines, 1 promise broken; 2 lines lose their stock"
        );
        h.done(cancel_order("o-2")).await;
        let gone = of(&h, cancel_batch("b-1")).await;
        assert_eq!(
            gone.text,
            "batch b-1 cancelled: 1 line, no promise broken; 1 line loses its stock"
        );
    });
}

/// Goods that are held without a date, of a line that has got a part of them: it keeps them, and its promise goes.
#[test]
fn a_promise_that_is_withdrawn_is_broken() {
    run(async {
        let h = Harness::<Memory>::start();
        h.done(batch("b-1", "SOFA", 5)).await;
        h.done(line("o-1", "SOFA", 3)).await;
        h.done(dispatch_units("o-1", "SOFA", 1)).await;
        let held = of(&h, hold("b-1", "customs", None)).await;
        assert_eq!(
            held.text,
            "batch b-1 held (customs), no clear date: 1 line, 1 promise broken"
        );
        assert_eq!((held.lines_lost, held.promises_changed), (0, 1));
        let broken = &held.broken[0];
        assert_eq!(
            (broken.from, broken.to, broken.days),
            (in_days(0), None, None)
        );
        h.done(hold("b-1", "customs", None)).await;
        let released = of(&h, release("b-1")).await;
        assert_eq!(
            released.text,
            "batch b-1 released: 1 line, no promise broken, 1 improved"
        );
    });
}
