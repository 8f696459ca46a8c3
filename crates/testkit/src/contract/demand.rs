//! What customers may ask for of a line: new ones, other quantities, cancellations.

use landfall_domain::Rejection;
use landfall_domain::line::Status;

use super::scene::in_days;
use crate::clock::today;
use crate::commands::{
    amend, amend_or_wait, batch, cancel_line, key, line, name, order, set_quantity,
};
use crate::database::Database;
use crate::harness::Harness;

/// An order may name a SKU twice, under two line ids: two lines, each with its own stock.
pub async fn two_equal_lines_are_two_lines<D: Database>() {
    let h = Harness::<D>::start();
    h.done(batch("b", "SOFA", 10)).await;
    h.done(line("o-1", "SOFA", 3).line_id("1")).await;
    h.done(line("o-1", "SOFA", 3).line_id("2")).await;
    assert_eq!(h.see_batch("b").await.allocated, 6);
    let both = h
        .order(
            order("o-2", &[])
                .named("1", "SOFA", 2)
                .named("2", "SOFA", 2),
        )
        .await;
    assert_eq!(both.lines.len(), 2);
    assert_eq!(h.see_batch("b").await.available, 0);
    h.done(cancel_line("o-1", "2")).await;
    assert_eq!(h.see_line("o-1", "1").await.status, Status::Allocated);
    assert_eq!(h.see_batch("b").await.available, 3);
    h.audit().await;
}

/// A line that finds no stock is accepted and stays; one that does not want to wait leaves nothing.
pub async fn a_line_without_stock_waits_or_is_refused<D: Database>() {
    let h = Harness::<D>::start();
    h.done(batch("b", "SOFA", 1)).await;
    let waits = h.done(line("o-1", "SOFA", 5).requested(in_days(-30))).await;
    assert!(waits.created);
    let kinds: Vec<_> = h.events().await.iter().map(|r| r.event.kind()).collect();
    assert_eq!(kinds, ["BatchCreated", "Backordered", "OutOfStock"]);
    let line_now = h.see_line("o-1", "SOFA").await;
    assert_eq!(
        (line_now.status, line_now.quantity),
        (Status::Backordered, 5)
    );
    assert_eq!(
        (line_now.original_promise, line_now.current_promise),
        (None, None)
    );
    assert_eq!(line_now.requested_date, Some(in_days(-30)));
    assert_eq!(h.queue("SOFA").await, [key("o-1", "SOFA")]);
    let version = h.see_product("SOFA").await.version;
    let refused = h.refused(line("o-2", "SOFA", 5).or_reject()).await;
    let expected = Rejection::OutOfStock {
        sku: name("SOFA"),
        line: key("o-2", "SOFA"),
        quantity: 5,
    };
    assert_eq!(refused, expected);
    assert!(
        h.views
            .order(&name("o-2"), today())
            .await
            .expect("read")
            .is_none()
    );
    assert_eq!(h.see_product("SOFA").await.version, version);
    assert_eq!(
        h.events().await.len(),
        3,
        "a refused command raises nothing"
    );
    h.audit().await;
}

/// Just in time, and where from.
pub async fn policies_and_locations_choose_the_batch<D: Database>() {
    let h = Harness::<D>::start();
    h.done(batch("here", "SOFA", 10).location("LEEDS")).await;
    h.done(batch("soon", "SOFA", 10).eta(in_days(5)).location("YORK"))
        .await;
    h.done(batch("later", "SOFA", 10).eta(in_days(20)).location("YORK"))
        .await;
    let of = async |command| h.line(command).await.allocations[0].batch.to_string();
    let wanted = |id: &str, days| line(id, "SOFA", 1).just_in_time().requested(in_days(days));
    assert_eq!(of(wanted("o-1", 10)).await, "soon");
    assert_eq!(of(wanted("o-2", 20)).await, "later");
    assert_eq!(of(wanted("o-3", 2)).await, "here");
    assert_eq!(
        of(wanted("o-4", -2)).await,
        "here",
        "nothing meets that: as early as can be"
    );
    assert_eq!(
        of(line("o-5", "SOFA", 1).locations(&["YORK"])).await,
        "soon"
    );
    assert_eq!(
        of(line("o-6", "SOFA", 1).locations(&["YORK", "LEEDS"])).await,
        "soon"
    );
    let nowhere = h.line(line("o-7", "SOFA", 1).locations(&["BATH"])).await;
    assert_eq!(nowhere.status, Status::Backordered);
    h.audit().await;
}

/// A smaller quantity gives the difference back and keeps its batch and promise.
pub async fn amending_down_gives_back<D: Database>() {
    let h = Harness::<D>::start();
    h.done(batch("b", "SOFA", 10).eta(in_days(3))).await;
    h.done(line("o-1", "SOFA", 8)).await;
    let kinds = h.kinds_of(h.done(amend("o-1", "SOFA", 5))).await;
    assert_eq!(kinds, ["LineAmended"]);
    let line_now = h.see_line("o-1", "SOFA").await;
    assert_eq!(
        (line_now.quantity, line_now.allocations[0].quantity),
        (5, 5)
    );
    assert_eq!(line_now.current_promise, Some(in_days(3)));
    assert_eq!(h.see_batch("b").await.available, 5);
    let log = h.events().await.len();
    h.done(amend("o-1", "SOFA", 5)).await;
    assert_eq!(h.events().await.len(), log, "it is 5 already");
    // A split line gives back from its last batch on.
    h.done(batch("b-2", "SOFA", 10).eta(in_days(6))).await;
    h.done(line("o-2", "SOFA", 12).split()).await;
    h.done(amend("o-2", "SOFA", 4)).await;
    let split = h.see_line("o-2", "SOFA").await;
    let pegs: Vec<_> = split
        .allocations
        .iter()
        .map(|a| (a.batch.as_str(), a.quantity))
        .collect();
    assert_eq!(pegs, [("b", 4)]);
    h.audit().await;
}

/// A larger quantity is taken from the same batch, else from another one that can hold all of it.
pub async fn amending_up_keeps_the_batch_where_it_can<D: Database>() {
    let h = Harness::<D>::start();
    h.done(batch("small", "SOFA", 6)).await;
    h.done(batch("large", "SOFA", 50).eta(in_days(4))).await;
    h.done(line("o-1", "SOFA", 2)).await;
    assert_eq!(
        h.line(amend("o-1", "SOFA", 6)).await.allocations[0].batch,
        name("small")
    );
    let kinds = h.kinds_of(h.done(amend("o-1", "SOFA", 7))).await;
    assert_eq!(
        kinds,
        ["LineAmended", "Deallocated", "Allocated", "PromiseChanged"]
    );
    let moved = h.see_line("o-1", "SOFA").await;
    assert_eq!(moved.allocations[0].batch, name("large"));
    assert_eq!(
        (moved.original_promise, moved.current_promise),
        (Some(today()), Some(in_days(4)))
    );
    assert_eq!(h.see_batch("small").await.available, 6);
    h.audit().await;
}

/// An increase that nothing can hold is refused and changes nothing, or lets the whole line wait.
pub async fn amending_up_beyond_stock_is_refused_or_waits<D: Database>() {
    let h = Harness::<D>::start();
    h.done(batch("b", "SOFA", 6)).await;
    h.done(line("o-1", "SOFA", 2)).await;
    let (before, log) = (h.see_line("o-1", "SOFA").await, h.events().await);
    let refused = h.refused(amend("o-1", "SOFA", 7)).await;
    assert!(
        matches!(refused, Rejection::OutOfStock { quantity: 7, .. }),
        "{refused:?}"
    );
    assert_eq!(h.see_line("o-1", "SOFA").await, before);
    assert_eq!(h.events().await, log);
    assert_eq!(h.see_batch("b").await.allocated, 2);
    let waits = h.line(amend_or_wait("o-1", "SOFA", 7)).await;
    assert_eq!((waits.status, waits.quantity), (Status::Backordered, 7));
    assert_eq!(
        (waits.original_promise, waits.current_promise),
        (Some(today()), None)
    );
    assert_eq!(h.see_batch("b").await.available, 6);
    // A waiting line: more is refused again, less may find stock.
    h.refused(amend("o-1", "SOFA", 8)).await;
    assert_eq!(h.line(amend_or_wait("o-1", "SOFA", 9)).await.quantity, 9);
    assert_eq!(
        h.line(amend("o-1", "SOFA", 6)).await.status,
        Status::Allocated
    );
    assert_eq!(h.see_product("SOFA").await.backordered_lines, 0);
    h.audit().await;
}

/// A cancelled line is gone for good: it cannot be amended, and cancelling it again changes nothing.
pub async fn a_cancelled_line_stays_cancelled<D: Database>() {
    let h = Harness::<D>::start();
    h.done(batch("b", "SOFA", 6)).await;
    h.done(line("o-1", "SOFA", 2)).await;
    h.done(line("o-2", "SOFA", 20)).await;
    let kinds = h.kinds_of(h.done(cancel_line("o-1", "SOFA"))).await;
    assert_eq!(kinds, ["Deallocated", "LineCancelled"]);
    let kinds = h.kinds_of(h.done(cancel_line("o-2", "SOFA"))).await;
    assert_eq!(kinds, ["LineCancelled"]);
    assert_eq!(h.see_product("SOFA").await.backordered_lines, 0);
    for id in ["o-1", "o-2"] {
        assert!(h.kinds_of(h.done(cancel_line(id, "SOFA"))).await.is_empty());
        let refused = h.refused(amend(id, "SOFA", 1)).await;
        assert!(
            matches!(refused, Rejection::NotAmendable { .. }),
            "{refused:?}"
        );
        let gone = h.see_line(id, "SOFA").await;
        assert_eq!(
            (gone.status, gone.current_promise),
            (Status::Cancelled, None)
        );
        assert!(gone.allocations.is_empty());
    }
    let again = h.done(line("o-1", "SOFA", 2)).await;
    assert!(!again.created, "a repeat does not wake it");
    assert_eq!(h.see_batch("b").await.available, 6);
    let unknown = h.refused(cancel_line("o-1", "LAMP")).await;
    assert_eq!(
        unknown,
        Rejection::UnknownLine {
            line: key("o-1", "LAMP")
        }
    );
    let unknown = h.refused(amend("o-9", "SOFA", 1)).await;
    assert_eq!(
        unknown,
        Rejection::UnknownLine {
            line: key("o-9", "SOFA")
        }
    );
    h.audit().await;
}

/// Stock promised to nobody is all that a new line can have, whatever happened in between.
pub async fn nothing_is_promised_twice<D: Database>() {
    let h = Harness::<D>::start();
    h.done(batch("b", "SOFA", 10)).await;
    for n in 0..10 {
        h.done(line(&format!("o-{n}"), "SOFA", 1)).await;
    }
    h.refused(line("more", "SOFA", 1).or_reject()).await;
    h.done(cancel_line("o-3", "SOFA")).await;
    h.done(line("more", "SOFA", 1).or_reject()).await;
    h.refused(line("even-more", "SOFA", 1).or_reject()).await;
    h.done(set_quantity("b", 9)).await;
    assert_eq!(h.queue("SOFA").await, [key("more", "SOFA")]);
    h.audit().await;
}
