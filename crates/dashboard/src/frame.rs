//! What is around every page: where one can go, who one is, and what day it is in the warehouse.

use landfall_service::clock::Calendar;

use crate::actions::done_in_words;
use crate::assets;
use crate::format;
use crate::visit::Visit;

/// Where a page belongs in the navigation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// None of the places in the navigation.
    Elsewhere,
    /// What needs a person.
    Today,
    /// Shipments.
    Arrivals,
    /// Orders.
    Orders,
    /// Products.
    Products,
    /// Batches.
    Batches,
    /// Lines that wait.
    Backorders,
    /// Lines that are late.
    Late,
    /// Lines that should have left.
    Overdue,
}

/// A place that one can go to.
pub(crate) struct Door {
    pub(crate) place: Place,
    pub(crate) href: &'static str,
    pub(crate) label: &'static str,
}

const DOORS: [Door; 8] = [
    door(Place::Today, "/", "Today"),
    door(Place::Arrivals, "/arrivals", "Arrivals"),
    door(Place::Orders, "/orders", "Orders"),
    door(Place::Backorders, "/backorders", "Backorders"),
    door(Place::Late, "/late", "Late"),
    door(Place::Overdue, "/overdue", "Overdue"),
    door(Place::Products, "/products", "Products"),
    door(Place::Batches, "/batches", "Batches"),
];

const fn door(place: Place, href: &'static str, label: &'static str) -> Door {
    Door { place, href, label }
}

/// What templates need for the frame.
pub(crate) struct Frame {
    /// Of the page.
    pub(crate) title: String,
    /// Where it belongs.
    pub(crate) place: Place,
    /// Whether somebody has come in: without, there is nothing to go to.
    pub(crate) inside: bool,
    /// The caller's key and role; none without a key.
    pub(crate) who: Option<(String, &'static str)>,
    /// Nothing can be done here.
    pub(crate) read_only: bool,
    /// The warehouse's day and clock, in words; empty where nobody asked.
    pub(crate) clock: String,
    /// The warehouse's zone.
    pub(crate) zone: String,
    /// Where the log ended when the page was begun; empty where that is not known.
    pub(crate) log: String,
    /// What was asked for in the search.
    pub(crate) search: String,
    /// What has just been done.
    pub(crate) done: Option<String>,
}

impl Frame {
    /// Around a page for somebody.
    pub(crate) fn new(visit: &Visit, place: Place, title: impl Into<String>) -> Self {
        let caller = &visit.caller;
        Self {
            title: title.into(),
            place,
            inside: true,
            who: caller
                .actor()
                .map(|name| (name.to_string(), caller.role().name())),
            read_only: visit.read_only,
            clock: format::instant(&visit.local(visit.now)),
            zone: zone(&visit.zone),
            log: visit.log.clone(),
            search: visit.params.get("q").unwrap_or_default().to_owned(),
            done: visit
                .params
                .get("done")
                .filter(|_| visit.from_here)
                .and_then(done_in_words),
        }
    }

    /// Around a page for somebody who has not come in.
    pub(crate) fn outside(title: &str, calendar: &Calendar) -> Self {
        Self {
            zone: zone(&calendar.zone),
            ..Self::bare(title)
        }
    }

    /// Around a page when nothing is known.
    pub(crate) fn bare(title: &str) -> Self {
        Self {
            title: title.into(),
            place: Place::Elsewhere,
            inside: false,
            who: None,
            read_only: false,
            clock: String::new(),
            zone: String::new(),
            log: String::new(),
            search: String::new(),
            done: None,
        }
    }

    /// Where one can go.
    pub(crate) fn doors() -> &'static [Door] {
        &DOORS
    }

    /// The address of an asset.
    pub(crate) fn asset(name: &str) -> String {
        assets::url(name)
    }
}

fn zone(zone: &jiff::tz::TimeZone) -> String {
    zone.iana_name()
        .unwrap_or("the warehouse's zone")
        .to_owned()
}
