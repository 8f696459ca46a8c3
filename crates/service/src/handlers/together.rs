//! Orders that go out together: one promise for all lines, the latest of theirs.

use jiff::civil::Date;
use landfall_domain::product::promise_after;
use landfall_domain::{OrderId, OrderLine};

use crate::uow::{Stop, UnitOfWork, Unsettled, each};

/// Lets every order that goes out together, and of which something changed, agree on a day. Where that is late, its products
/// are offered to who is late: it may have goods earlier itself. So are those of which it has goods that come before its
/// day, if that is another or goods have moved: it can do with later ones. A new order has taken only what nobody wanted.
/// An order of which a line still looks for goods agrees when that has ended.
pub(super) fn settle(uow: &mut UnitOfWork) -> Result<(), Stop> {
    each(uow.take_together(), |(id, unsettled)| {
        settle_order(&id, unsettled, uow)
    })?;
    Ok(())
}

/// While a line waits there is no promise for any, and none while goods of one are held and nobody knows until when
/// (a line of which a part has left keeps those). Otherwise it is the day on which the goods of the last
/// line are there: a later one than was told moves the promise, an earlier one pulls it back, never before
/// the original. Where no goods have moved, no later day is told: time alone changes no promise.
fn settle_order(id: &OrderId, unsettled: Unsettled, uow: &mut UnitOfWork) -> Result<(), Stop> {
    let keys = uow.order(id)?.lines.clone();
    let mut lines = each(keys, |key| uow.line_to_change(&key))?;
    if lines.iter().any(|line| line.loose.is_some()) {
        uow.unsettled(id, unsettled);
        return Ok(());
    }
    lines.retain(|line| line.together() && line.outstanding() > 0);
    let day = uow.day();
    let told = lines.iter().filter_map(|line| line.current_promise).max();
    let original = lines.iter().filter_map(|line| line.original_promise).max();
    let mut days = Vec::with_capacity(lines.len());
    for line in &lines {
        days.push(uow.its_product(&line.sku)?.ready(line, &day));
    }
    // One line without a day, and the order has none.
    let days = days.into_iter().collect::<Option<Vec<Date>>>();
    let promise = days.and_then(|days| days.into_iter().max()).map(|ready| {
        let promise = promise_after(ready, original.unwrap_or(ready), told);
        let most = told.filter(|_| !unsettled.moved);
        most.map_or(promise, |told| promise.min(told))
    });
    let mut promised: Vec<OrderLine> = Vec::new();
    for mut line in lines {
        let product = uow.its_product(&line.sku)?;
        let other = product.promise(&mut line, promise);
        let changed = !unsettled.new && (other || unsettled.moved);
        let early = product.ready(&line, &day) < promise;
        if other && line.late() || changed && early {
            product.offer_to_late();
        }
        if other {
            promised.push(line.clone());
            uow.put(line);
        }
    }
    // Settling an order is not a change of it that would have to be settled.
    uow.settled(id);
    uow.complete_allocated(&promised);
    Ok(())
}
