//! Explanations of lines of which a part has left, and of those that stay though other goods have room.

use jiff::ToSpan;
use jiff::civil::Date;
use landfall_domain::explanation::Verdict;
use landfall_service::explanation::ExplanationResource;
use landfall_testkit::commands::{
    batch, cancel_batch, dispatch_units, hold, hold_shipment, line, order, shipment,
};
use landfall_testkit::{Harness, Memory, today};

use crate::explanation::told;
use crate::run;

fn in_days(days: i64) -> Date {
    today() + days.days()
}

fn reason<'a>(told: &'a ExplanationResource, batch: &str) -> &'a str {
    let of = told.candidates.iter().find(|c| c.batch.as_str() == batch);
    &of.unwrap().reason
}

/// An order for four sofas has got its first; there is another batch that could serve it, before its own.
async fn under_way() -> Harness<Memory> {
    let h = Harness::<Memory>::start();
    h.done(batch("b", "SOFA", 10)).await;
    h.done(line("o-1", "SOFA", 4)).await;
    h.done(dispatch_units("o-1", "SOFA", 1)).await;
    h.done(batch("a", "SOFA", 10)).await;
    h
}

const LEFT: &str = "1 of 4 units left already; the rest: ";

#[test]
fn it_stays_where_it_is_though_others_have_room() {
    run(async {
        let h = under_way().await;
        let now = told(&h, "o-1", "SOFA").await;
        let (today, day) = (today(), in_days(4));
        assert_eq!(
            now.summary,
            format!(
                "{LEFT}Promised for {today} from batch b, because dispatch is under way, and it keeps its batches."
            )
        );
        assert_eq!(
            reason(&now, "a"),
            "It has room now, but a part of the line has left, and the rest stays where it is."
        );
        h.done(hold("b", "customs", Some(day))).await;
        let dated = told(&h, "o-1", "SOFA").await;
        assert_eq!(
            dated.summary,
            format!(
                "{LEFT}Promised for {day} from batch b, because dispatch is under way, and it keeps its batches; \
                 b is held (customs) until {day}; the first promise was {today}."
            )
        );
        assert_eq!(
            reason(&dated, "b"),
            format!("The line has 3 units of it. It is held (customs) until {day}.")
        );
    });
}

#[test]
fn a_hold_is_why_it_has_no_promise() {
    run(async {
        let h = under_way().await;
        h.done(hold("b", "customs", None)).await;
        let held = told(&h, "o-1", "SOFA").await;
        assert_eq!(
            held.summary,
            format!(
                "{LEFT}Has batch b and no promise, as b is held (customs) and nobody knows until when, because \
                 dispatch is under way, and it keeps its batches."
            )
        );
        assert_eq!(
            reason(&held, "b"),
            "The line has 3 units of it. It is held (customs) and nobody knows until when."
        );
        assert_eq!(held.candidates[0].verdict, Verdict::Spare);
        let words = &held.history.last().unwrap().words;
        assert_eq!(
            *words,
            format!(
                "The promise for {} was withdrawn, because a batch or shipment is held.",
                today()
            )
        );
    });
}

/// What it had will never come: it has other goods now, and they are not those that it kept.
#[test]
fn it_is_told_what_it_lost() {
    run(async {
        let h = under_way().await;
        h.done(cancel_batch("b")).await;
        let moved = told(&h, "o-1", "SOFA").await;
        let expected = format!(
            "{LEFT}Promised for {} from batch a, because it lost batch b after a part had left, and this was found \
             for the rest.",
            today()
        );
        assert_eq!(moved.summary, expected);
        // Another part changes nothing of that.
        h.done(dispatch_units("o-1", "SOFA", 1)).await;
        let summary = told(&h, "o-1", "SOFA").await.summary;
        assert_eq!(summary, expected.replace("1 of 4", "2 of 4"));
    });
}

/// Of an order that goes out together the line whose goods are held says so, the other that it is another.
#[test]
fn an_order_that_goes_out_together_has_no_promise_for_a_reason() {
    run(async {
        let h = Harness::<Memory>::start();
        h.done(shipment("MV", None)).await;
        h.done(batch("b", "SOFA", 10).on("MV")).await;
        h.done(batch("c", "LAMP", 10)).await;
        h.done(order("o-1", &[("SOFA", 4), ("LAMP", 1)]).together())
            .await;
        h.done(dispatch_units("o-1", "SOFA", 1)).await;
        h.done(hold_shipment("MV", "paperwork", None)).await;
        let sofa = told(&h, "o-1", "SOFA").await.summary;
        assert_eq!(
            sofa,
            format!(
                "{LEFT}Has batch b on shipment MV and no promise, as b is held with its shipment (paperwork) and \
                 nobody knows until when, because dispatch is under way, and it keeps its batches."
            )
        );
        let lamp = told(&h, "o-1", "LAMP").await.summary;
        assert_eq!(
            lamp,
            "Has batch c and no promise, as its order goes out together and another line of it has no day, because it \
             is in the warehouse and has room."
        );
    });
}

/// Goods that have room were not refused, and it is not known since when they have it.
#[test]
fn what_has_room_is_not_called_out_of_reach() {
    run(async {
        let h = Harness::<Memory>::start();
        h.done(batch("small", "SOFA", 2)).await;
        h.done(batch("late", "SOFA", 10).eta(in_days(9))).await;
        h.done(line("o-1", "SOFA", 4)).await;
        h.done(batch("early", "SOFA", 10).eta(in_days(3))).await;
        let stays = told(&h, "o-1", "SOFA").await.summary;
        let from = format!("Promised for {} from batch late, because ", in_days(9));
        assert_eq!(
            stays,
            format!(
                "{from}what it would rather have cannot be had: small is too small; early has room now, but a line \
                 moves only where its promise needs it."
            )
        );
        h.done(cancel_batch("small")).await;
        h.done(batch("here", "LAMP", 10).eta(in_days(9))).await;
        h.done(line("o-2", "LAMP", 4)).await;
        h.done(batch("early-too", "LAMP", 10)).await;
        let stays = told(&h, "o-2", "LAMP").await.summary;
        assert_eq!(
            stays,
            format!(
                "Promised for {} from batch here, because a line moves only where its promise needs it, though \
                 early-too has room now.",
                in_days(9)
            )
        );
    });
}

/// It needs no single batch that holds it, and is not told that one is too small.
#[test]
fn a_split_line_waits_for_all_of_it() {
    run(async {
        let h = Harness::<Memory>::start();
        h.done(batch("a", "SOFA", 3)).await;
        h.done(batch("b", "SOFA", 4)).await;
        h.done(line("o-1", "SOFA", 2).priority(9)).await;
        h.done(line("o-2", "SOFA", 9).split()).await;
        let waits = told(&h, "o-2", "SOFA").await;
        assert_eq!(
            waits.summary,
            "Waits for 9 units at priority 5, because all batches together have room for 5 only."
        );
        for (batch, free) in [("a", 1), ("b", 4)] {
            assert_eq!(
                reason(&waits, batch),
                format!(
                    "It has {free} of the 9 units that the line wants; all batches together have 5, and a line that \
                     may be split waits until all of it fits."
                )
            );
        }
        let holders = &waits.candidates[0].holders;
        assert_eq!(holders[0].order_id.as_str(), "o-1", "who has the others");
        // With nothing free anywhere each batch has its reason.
        h.done(line("o-3", "SOFA", 5).priority(9).split()).await;
        assert_eq!(
            told(&h, "o-2", "SOFA").await.summary,
            "Waits for 9 units at priority 5, because no batch has anything for it: a is promised to others, b is \
             promised to others."
        );
    });
}

/// Of the batches of a split line under way only one will never come: the others it has not lost.
#[test]
fn a_split_line_loses_a_part_of_its_goods() {
    run(async {
        let h = Harness::<Memory>::start();
        h.done(batch("a", "SOFA", 3)).await;
        h.done(batch("b", "SOFA", 4)).await;
        h.done(line("o-1", "SOFA", 6).split()).await;
        h.done(dispatch_units("o-1", "SOFA", 1)).await;
        h.done(batch("c", "SOFA", 9)).await;
        h.done(cancel_batch("b")).await;
        assert_eq!(
            told(&h, "o-1", "SOFA").await.summary,
            format!(
                "1 of 6 units left already; the rest: Promised for {} from batch c, because it had \
                 batches a (2), b (3) and lost goods of these after a part had left, and this was found for the rest.",
                today()
            )
        );
    });
}
