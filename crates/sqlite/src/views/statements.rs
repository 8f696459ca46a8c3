//! The statements of the lists, for tests of their plans.

use jiff::civil::Date;
use landfall_service::views::{
    Attention, BatchFilter, BatchSort, Page, ProductFilter, ProductSort, ShipmentFilter,
    ShipmentSort,
};

use super::orders::Along;
use super::start::Start;
use super::{
    batches, case, events, history, lines, orders, overdue, pegged, products, recent, shipments,
    supply,
};
use landfall_service::views::cursor::Span;

/// Those that go along an index and stop when the page is full.
pub(crate) fn statements() -> Vec<String> {
    let begun = Page {
        after: Some("b".into()),
        limit: 10,
    };
    let asked = [
        (Page::default(), None),
        (begun.clone(), None),
        (begun, Some("bc")),
    ];
    let mut statements = always();
    for (page, prefix) in asked {
        let span = &Span::new(&page, prefix);
        let by_name = &Start::by_name(&page, prefix).unwrap();
        let after = page.after.map(|name| (7, name));
        let sorted = &Start::after(after, prefix);
        for along in [
            Along::All,
            Along::Batch,
            Along::Product,
            Along::Attention(Attention::Late),
            Along::Attention(Attention::Backordered),
        ] {
            statements.push(orders::along_sql(along, span));
        }
        for backordered in [None, Some(true), Some(false)] {
            let filter = ProductFilter {
                backordered,
                ..ProductFilter::default()
            };
            statements.push(products::products_sql(&filter, by_name));
        }
        statements.push(batches::batches_sql(&BatchFilter::default(), by_name));
        let by_eta = BatchFilter {
            sort: BatchSort::Eta,
            ..BatchFilter::default()
        };
        statements.push(batches::batches_sql(&by_eta, sorted));
        let filter = BatchFilter {
            available: Some(true),
            eta_from: Some(Date::MIN),
            eta_until: Some(Date::MAX),
            on_shipment: Some(false),
            ..by_eta
        };
        statements.push(batches::batches_sql(&filter, sorted));
        let filter = BatchFilter {
            sku: "S".parse().ok(),
            available: Some(true),
            in_warehouse: Some(false),
            eta_from: Some(Date::MIN),
            eta_until: Some(Date::MAX),
            held: Some(true),
            clear_until: Some(Date::MAX),
            ..BatchFilter::default()
        };
        statements.push(batches::batches_sql(&filter, by_name));
        for narrowed in [
            BatchFilter {
                held: Some(true),
                ..BatchFilter::default()
            },
            BatchFilter {
                hold_overdue: Some(Date::MAX),
                ..BatchFilter::default()
            },
            BatchFilter {
                hold_overdue: Some(Date::MAX),
                ..filter.clone()
            },
        ] {
            statements.push(batches::batches_sql(&narrowed, by_name));
        }
        let filter = BatchFilter {
            shipment: "s".parse().ok(),
            ..filter
        };
        statements.push(batches::batches_sql(&filter, by_name));
        let filter = ShipmentFilter {
            landed: Some(false),
            held: Some(false),
            clear_until: Some(Date::MAX),
            eta_from: Some(Date::MIN),
            eta_until: Some(Date::MAX),
            carrier: "c".parse().ok(),
            ..ShipmentFilter::default()
        };
        statements.push(shipments::shipments_sql(&filter, by_name));
        let filter = ShipmentFilter {
            sort: ShipmentSort::Eta,
            ..filter
        };
        statements.push(shipments::shipments_sql(&filter, sorted));
        let filter = ShipmentFilter {
            sort: ShipmentSort::Eta,
            ..ShipmentFilter::default()
        };
        statements.push(shipments::shipments_sql(&filter, sorted));
    }
    statements
}

/// Those that do not depend on what is asked for.
fn always() -> Vec<String> {
    vec![
        lines::WAITING_PRODUCTS.to_owned(),
        lines::WAITING.to_owned(),
        lines::QUEUE.clone(),
        lines::BY_KEY.clone(),
        events::EVENTS.to_owned(),
        orders::IN_USE.to_owned(),
        orders::OF_BATCH.to_owned(),
        orders::OF_QUEUE.to_owned(),
        events::EVENT.to_owned(),
        history::ENTRIES.to_owned(),
        history::ENTRIES_BACK.to_owned(),
        events::RECENT.to_owned(),
        pegged::PEGGED.to_owned(),
        overdue::BATCHES.to_owned(),
        overdue::RANK.to_owned(),
        overdue::LINES.to_owned(),
        history::PREVIOUS.to_owned(),
        history::LINES.to_owned(),
        case::NEWEST.clone(),
        case::HOLDERS.to_owned(),
        recent::CHANGES.clone(),
        recent::LAST.to_owned(),
        supply::AVAILABLE.to_owned(),
        crate::order_view::OF_ORDER.clone(),
        crate::rows::CARGO.clone(),
    ]
}

/// Those that look at all batches or products: by what every line may change, and for which there is no index.
pub(crate) fn scans() -> Vec<String> {
    let begun = Some((-7, "b".to_owned()));
    let mut scans = Vec::new();
    for start in [Start::after(None, None), Start::after(begun, Some("bc"))] {
        let batches = BatchFilter {
            sort: BatchSort::Available,
            ..BatchFilter::default()
        };
        scans.push(batches::batches_sql(&batches, &start));
        for sort in [ProductSort::Available, ProductSort::Backordered] {
            for backordered in [None, Some(true), Some(false)] {
                let filter = ProductFilter {
                    sort,
                    backordered,
                    prefix: None,
                };
                scans.push(products::products_sql(&filter, &start));
            }
        }
    }
    scans
}
