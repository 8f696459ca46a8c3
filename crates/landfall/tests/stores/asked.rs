//! Everything that a database can be asked, after a history.

use std::collections::BTreeMap;

use jiff::ToSpan;
use landfall_domain::{Day, Status};
use landfall_service::Answer;
use landfall_service::explanation::explain;
use landfall_service::views::{
    Attention, BatchFilter, BatchSort, EventPage, List, OrderFilter, Page, ProductFilter,
    ProductSort, ShipmentFilter, ShipmentSort, Thing, ViewError, Views,
};
use landfall_testkit::Database;
use landfall_testkit::history::Step;
use landfall_testkit::replay::{in_groups, start};
use landfall_testkit::state::{State, state};
use serde::Serialize;
use serde_json::{Value, json};

/// Sizes of the groups in which commands come.
const GROUPS: [usize; 5] = [1, 7, 40, 3, 150];
/// Items on a page: few, so that there are many pages.
const PAGE: usize = 7;

/// What a database tells of a history.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    /// The answers to the commands, in JSON.
    pub(crate) answers: Vec<Value>,
    /// The tables and the log.
    pub(crate) state: State,
    /// The answers of the read side in JSON, by the question.
    pub(crate) pages: BTreeMap<String, Value>,
}

/// Takes the steps on a new database and asks everything.
pub(crate) async fn told<D: Database>(steps: &[Step]) -> Told {
    let harness = start::<D>(30);
    let answers = in_groups(&harness, steps, &GROUPS).await;
    let (_, day) = harness.clock.calendar(1).read();
    let views = &*harness.views;
    let state = state(views).await;
    let mut asked = Asked {
        views,
        day,
        pages: BTreeMap::new(),
    };
    // By name: what is asked must not depend on numbers.
    let mut named = state.clone();
    named.products.sort_by(|(_, a, _), (_, b, _)| a.cmp(b));
    named.batches.sort_by(|a, b| a.reference.cmp(&b.reference));
    asked.things(&named).await;
    asked.lists(&named).await;
    asked.logs(&named).await;
    Told {
        answers: answers.iter().map(answer).collect(),
        pages: asked.pages,
        state,
    }
}

fn answer(answer: &Answer) -> Value {
    match answer {
        Ok(done) => json!({"done": done}),
        Err(failure) => json!({"failure": failure.to_string(), "what": format!("{failure:?}")}),
    }
}

struct Asked<'a> {
    views: &'a dyn Views,
    day: Day,
    pages: BTreeMap<String, Value>,
}

impl Asked<'_> {
    fn keep(&mut self, question: String, answer: Result<impl Serialize, ViewError>) {
        let answer = match answer {
            Ok(answer) => serde_json::to_value(answer).expect("JSON"),
            Err(error) => panic!("{question}: {error}"),
        };
        self.pages.insert(question, answer);
    }

    /// Each thing by its name, and one that there is not.
    async fn things(&mut self, state: &State) {
        let (views, day) = (self.views, self.day);
        let today = day.today;
        for batch in &state.batches {
            let name = &batch.reference;
            self.keep(format!("batch {name}"), views.batch(name, today).await);
            let promises = views.promises_of(name).await;
            self.keep(format!("promises of batch {name}"), promises);
            let page = Page {
                after: None,
                limit: PAGE,
            };
            let pegged = views.pegged(name, &page, today).await;
            let pegged = pegged.map(|found| found.map(|list| list.items));
            self.keep(format!("lines of batch {name}"), pegged);
        }
        for (_, sku, _) in &state.products {
            self.keep(format!("product {sku}"), views.product(sku).await);
            let available = views.availability(sku, &day).await;
            self.keep(format!("availability {sku}"), available);
        }
        for shipment in &state.shipments {
            let name = &shipment.reference;
            let found = views.shipment(name, today).await;
            self.keep(format!("shipment {name}"), found);
        }
        for line in &state.lines {
            let id = &line.key.order_id;
            let question = format!("order {id}");
            if !self.pages.contains_key(&question) {
                self.keep(question, views.order(id, today).await);
            }
            let explained = explain(views, &line.key, &day).await;
            self.keep(format!("explanation {}", line.key), explained);
        }
        let nothing = "nothing";
        let name = nothing.parse().expect("a name");
        self.keep("no batch".into(), views.batch(&name, today).await);
        let name = nothing.parse().expect("a name");
        self.keep("no order".into(), views.order(&name, today).await);
        let name = nothing.parse().expect("a name");
        self.keep("no product".into(), views.product(&name).await);
        let name = nothing.parse().expect("a name");
        self.keep("no shipment".into(), views.shipment(&name, today).await);
    }

    /// All pages of lists, with filters and without.
    async fn lists(&mut self, state: &State) {
        let (views, today) = (self.views, self.day.today);
        let skus: Vec<_> = state
            .products
            .iter()
            .map(|(_, sku, _)| sku)
            .step_by(5)
            .collect();
        let batches: Vec<_> = state
            .batches
            .iter()
            .map(|batch| &batch.reference)
            .step_by(9)
            .collect();
        for filter in batch_filters(state, today) {
            for sort in [BatchSort::Reference, BatchSort::Eta, BatchSort::Available] {
                let filter = BatchFilter {
                    sort,
                    ..filter.clone()
                };
                let list = async |page: Page| views.batches(&filter, &page, today).await;
                self.keep(format!("{filter:?}"), all_pages(list).await);
            }
        }
        for filter in shipment_filters(today) {
            for sort in [ShipmentSort::Reference, ShipmentSort::Eta] {
                let filter = ShipmentFilter {
                    sort,
                    ..filter.clone()
                };
                let list = async |page: Page| views.shipments(&filter, &page, today).await;
                self.keep(format!("{filter:?}"), all_pages(list).await);
            }
        }
        for backordered in [None, Some(true), Some(false)] {
            for prefix in [None, Some("1".to_owned())] {
                for sort in [
                    ProductSort::Sku,
                    ProductSort::Backordered,
                    ProductSort::Available,
                ] {
                    let filter = ProductFilter {
                        backordered,
                        prefix: prefix.clone(),
                        sort,
                    };
                    let list = async |page: Page| views.products(&filter, &page).await;
                    self.keep(format!("{filter:?}"), all_pages(list).await);
                }
            }
        }
        let some = |prefix: Option<&str>| prefix.map(str::to_owned);
        for attention in [None, Some(Attention::Late), Some(Attention::Backordered)] {
            let mut filters = vec![(None, None, some(None)), (None, None, some(Some("1")))];
            filters.extend(skus.iter().map(|sku| (None, Some((*sku).clone()), None)));
            filters.extend(
                batches
                    .iter()
                    .map(|batch| (Some((*batch).clone()), None, None)),
            );
            filters.extend(batches.iter().zip(&skus).map(|(batch, sku)| {
                (
                    Some((*batch).clone()),
                    Some((*sku).clone()),
                    some(Some("1")),
                )
            }));
            for (batch, sku, prefix) in filters {
                let filter = OrderFilter {
                    batch,
                    sku,
                    attention,
                    prefix,
                };
                let list = async |page: Page| views.orders(&filter, &page, today).await;
                self.keep(format!("{filter:?}"), all_pages(list).await);
            }
        }
        for sku in std::iter::once(None).chain(skus.iter().map(Some)) {
            let list = async |page: Page| views.backorders(sku.copied(), &page, today).await;
            self.keep(format!("backorders {sku:?}"), all_pages(list).await);
        }
        let all = [
            None,
            Some(Status::Allocated),
            Some(Status::Backordered),
            Some(Status::Dispatched),
            Some(Status::Cancelled),
        ];
        for status in all {
            let list = async |page: Page| views.lines(status, &page, today).await;
            self.keep(format!("lines {status:?}"), all_pages(list).await);
        }
    }

    /// The log and every history.
    async fn logs(&mut self, state: &State) {
        let views = self.views;
        let log = async |page: Page| views.events(&page).await.map(Some);
        self.keep("events".into(), whole_log(log, 100).await);
        let mut things: Vec<Thing> = Vec::new();
        things.extend(
            state
                .batches
                .iter()
                .map(|batch| Thing::Batch(batch.reference.clone())),
        );
        things.extend(
            state
                .products
                .iter()
                .map(|(_, sku, _)| Thing::Product(sku.clone())),
        );
        things.extend(
            state
                .shipments
                .iter()
                .map(|s| Thing::Shipment(s.reference.clone())),
        );
        let mut orders: Vec<_> = state.lines.iter().map(|line| &line.key.order_id).collect();
        orders.sort();
        orders.dedup();
        things.extend(orders.into_iter().map(|id| Thing::Order(id.clone())));
        things.push(Thing::Order("nothing".parse().expect("a name")));
        for thing in things {
            let log = async |page: Page| views.history(&thing, &page).await;
            self.keep(format!("history of {thing:?}"), whole_log(log, PAGE).await);
            let latest = views.latest(&thing, PAGE).await;
            self.keep(format!("last events of {thing:?}"), latest);
        }
    }
}

fn batch_filters(state: &State, today: jiff::civil::Date) -> Vec<BatchFilter> {
    let all = BatchFilter::default();
    let until = Some(today + 5.days());
    let shipment = |n: usize| state.shipments.get(n).map(|s| s.reference.clone());
    let sku = |n: usize| state.products.get(n).map(|(_, sku, _)| sku.clone());
    vec![
        BatchFilter {
            available: Some(true),
            ..all.clone()
        },
        BatchFilter {
            available: Some(false),
            ..all.clone()
        },
        BatchFilter {
            in_warehouse: Some(true),
            ..all.clone()
        },
        BatchFilter {
            in_warehouse: Some(false),
            eta_until: until,
            ..all.clone()
        },
        BatchFilter {
            held: Some(true),
            ..all.clone()
        },
        BatchFilter {
            eta_from: until,
            ..all.clone()
        },
        BatchFilter {
            clear_until: until,
            ..all.clone()
        },
        BatchFilter {
            hold_overdue: until,
            ..all.clone()
        },
        BatchFilter {
            held: Some(false),
            prefix: Some("1".into()),
            ..all.clone()
        },
        BatchFilter {
            sku: sku(1),
            ..all.clone()
        },
        BatchFilter {
            sku: sku(0),
            available: Some(true),
            ..all.clone()
        },
        BatchFilter {
            sku: "nothing".parse().ok(),
            ..all.clone()
        },
        BatchFilter {
            shipment: shipment(0),
            ..all.clone()
        },
        BatchFilter {
            shipment: shipment(2),
            sku: sku(2),
            ..all.clone()
        },
        BatchFilter {
            shipment: shipment(3),
            held: Some(false),
            ..all.clone()
        },
        all,
    ]
}

fn shipment_filters(today: jiff::civil::Date) -> Vec<ShipmentFilter> {
    let all = ShipmentFilter::default();
    let until = Some(today + 5.days());
    vec![
        ShipmentFilter {
            landed: Some(true),
            ..all.clone()
        },
        ShipmentFilter {
            landed: Some(false),
            eta_until: until,
            ..all.clone()
        },
        ShipmentFilter {
            held: Some(true),
            ..all.clone()
        },
        ShipmentFilter {
            eta_from: until,
            ..all.clone()
        },
        ShipmentFilter {
            clear_until: until,
            ..all.clone()
        },
        ShipmentFilter {
            hold_overdue: until,
            ..all.clone()
        },
        ShipmentFilter {
            held: Some(false),
            prefix: Some("1".into()),
            ..all.clone()
        },
        all,
    ]
}

/// All items of a list, and its cursors.
async fn all_pages<T: Serialize>(
    list: impl AsyncFn(Page) -> Result<List<T>, ViewError>,
) -> Result<Value, ViewError> {
    let mut page = Page {
        after: None,
        limit: PAGE,
    };
    let (mut items, mut cursors) = (Vec::new(), Vec::new());
    loop {
        let found = list(page.clone()).await?;
        items.extend(found.items);
        cursors.push(found.next.clone());
        page.after = found.next;
        if page.after.is_none() {
            return Ok(json!({"items": items, "cursors": cursors}));
        }
    }
}

/// All events of a log, and its cursors.
async fn whole_log(
    log: impl AsyncFn(Page) -> Result<Option<EventPage>, ViewError>,
    limit: usize,
) -> Result<Value, ViewError> {
    let mut page = Page { after: None, limit };
    let (mut events, mut cursors) = (Vec::new(), Vec::new());
    loop {
        let Some(found) = log(page.clone()).await? else {
            return Ok(Value::Null);
        };
        let over = found.events.is_empty();
        events.extend(found.events);
        cursors.push(found.next.clone());
        page.after = Some(found.next);
        if over {
            return Ok(json!({"events": events, "cursors": cursors}));
        }
    }
}
