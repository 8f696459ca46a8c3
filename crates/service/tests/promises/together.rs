//! Early goods go to orders that can use them.

use landfall_testkit::commands::{batch, line, order, set_eta, set_shipment_eta, shipment};
use landfall_testkit::run;

use super::{World, at, in_days, of, of_line};

#[test]
fn an_order_that_waits_for_other_goods_takes_no_early_ones() {
    run(async {
        let h = World::start();
        h.done(batch("sofa-1", "SOFA", 1).eta(in_days(10))).await;
        h.done(batch("lamp-1", "LAMP", 1).eta(in_days(10))).await;
        let together = order("all", &[("SOFA", 1), ("LAMP", 1)]).together();
        h.done(together.priority(9)).await;
        h.done(batch("sofa-2", "SOFA", 1).eta(in_days(10))).await;
        h.done(line("alone", "SOFA", 1)).await;
        h.done(batch("sofa-3", "SOFA", 1).eta(in_days(30))).await;
        h.done(set_eta("lamp-1", Some(in_days(60)))).await;
        h.done(set_eta("sofa-1", Some(in_days(45)))).await;
        h.done(set_eta("sofa-2", Some(in_days(45)))).await;
        assert_eq!(of(&h, "alone").await, at("sofa-3", 30));
        assert_eq!(of(&h, "all").await, at("sofa-1", 60));
        h.done(batch("sofa-4", "SOFA", 1).eta(in_days(8))).await;
        assert_eq!(of(&h, "alone").await, at("sofa-4", 10));
        assert_eq!(of(&h, "all").await, at("sofa-1", 60));
        // The lamp wants to be there when the sofa is, and takes no earlier one.
        h.done(batch("lamp-2", "LAMP", 2).eta(in_days(40))).await;
        assert_eq!(of_line(&h, "all", "LAMP").await, at("lamp-2", 40));
        // That makes an earlier sofa worth while; and so on, until neither can do better.
        assert_eq!(of(&h, "all").await, at("sofa-3", 40));
        h.done(batch("lamp-3", "LAMP", 1).eta(in_days(2))).await;
        assert_eq!(of_line(&h, "all", "LAMP").await, at("lamp-3", 30));
        assert_eq!(of(&h, "all").await, at("sofa-3", 30));
        h.in_order().await;
    });
}

/// Both lines are on one ship: each goes ahead, or each would wait for the other for ever.
#[test]
fn lines_that_come_on_one_day_do_not_wait_for_each_other() {
    run(async {
        let h = World::start();
        h.done(shipment("MV", Some(in_days(10)))).await;
        h.done(batch("sofa-1", "SOFA", 1).on("MV")).await;
        h.done(batch("lamp-1", "LAMP", 1).on("MV")).await;
        h.done(order("all", &[("SOFA", 1), ("LAMP", 1)]).together())
            .await;
        h.done(set_shipment_eta("MV", Some(in_days(60)))).await;
        h.done(batch("sofa-2", "SOFA", 1).eta(in_days(5))).await;
        assert_eq!(of(&h, "all").await, at("sofa-2", 60));
        h.done(batch("lamp-2", "LAMP", 1).eta(in_days(8))).await;
        assert_eq!(of(&h, "all").await, at("sofa-2", 10));
        assert_eq!(of_line(&h, "all", "LAMP").await, at("lamp-2", 10));
        h.in_order().await;
    });
}
