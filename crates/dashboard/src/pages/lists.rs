//! What all lists have in common: filters in the address, pages, and the whole of it as CSV.

use askama::Template;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use landfall_service::views::{List, Page, ViewError};
use landfall_service::wire::FieldError;

use crate::actions::Offer;
use crate::errors::Failed;
use crate::format;
use crate::frame::{Frame, Place};
use crate::params::Params;
use crate::table::{Column, Row, Table};
use crate::visit::Visit;

/// Rows in a page.
pub(super) const ROWS: usize = 50;

/// The words of a filter that something is or is not.
pub(super) const YES_NO: [(&str, bool); 2] = [("yes", true), ("no", false)];

/// Something that a list can be cut down to.
pub(super) struct Filter {
    pub(super) name: &'static str,
    pub(super) label: &'static str,
    pub(super) input: Input,
    pub(super) wrong: Option<String>,
}

/// How a filter is filled in.
pub(super) enum Input {
    Text(String),
    Day(String),
    /// Value, label, whether it is chosen.
    Choice(Vec<(&'static str, &'static str, bool)>),
}

/// Makes filters, as they are set in an address.
pub(super) struct Filters<'a> {
    pub(super) params: &'a Params,
    pub(super) errors: &'a [FieldError],
}

impl Filters<'_> {
    fn filter(&self, name: &'static str, label: &'static str, input: Input) -> Filter {
        let wrong = self.errors.iter().find(|error| error.field == name);
        Filter {
            name,
            label,
            input,
            wrong: wrong.map(|error| format::sentence(&error.message)),
        }
    }

    fn value(&self, name: &str) -> String {
        self.params.get(name).unwrap_or_default().to_owned()
    }

    pub(super) fn text(&self, name: &'static str, label: &'static str) -> Filter {
        self.filter(name, label, Input::Text(self.value(name)))
    }

    pub(super) fn day(&self, name: &'static str, label: &'static str) -> Filter {
        self.filter(name, label, Input::Day(self.value(name)))
    }

    /// One of these values, by its label; the first one says nothing.
    pub(super) fn choice(
        &self,
        name: &'static str,
        label: &'static str,
        choices: &[(&'static str, &'static str)],
    ) -> Filter {
        let now = self.value(name);
        let choices = choices
            .iter()
            .map(|(value, label)| (*value, *label, now == *value));
        self.filter(name, label, Input::Choice(choices.collect()))
    }
}

/// A list in a page of its own.
#[derive(Template)]
#[template(path = "list.html")]
pub(super) struct ListPage {
    pub(super) frame: Frame,
    pub(super) heading: &'static str,
    pub(super) help: &'static str,
    pub(super) path: &'static str,
    pub(super) filters: Vec<Filter>,
    /// What the form carries on.
    pub(super) hidden: Vec<(String, String)>,
    pub(super) offers: Vec<Offer>,
    pub(super) table: Table,
    /// What should be known of all of it.
    pub(super) notice: Option<String>,
}

/// What makes a list: everything but its rows.
pub(super) struct Listing<'a> {
    pub(super) place: Place,
    pub(super) heading: &'static str,
    pub(super) help: &'static str,
    pub(super) path: &'static str,
    pub(super) columns: &'a [Column],
    pub(super) filters: Vec<Filter>,
    pub(super) offers: Vec<Offer>,
    pub(super) empty: &'static str,
}

/// Which part of a list an address asks for.
pub(super) fn part(visit: &Visit) -> Page {
    Page {
        after: visit.params.get("cursor").map(str::to_owned),
        limit: ROWS,
    }
}

/// Whether a list is asked for as a file.
pub(super) fn is_csv(visit: &Visit) -> bool {
    visit.params.get("format") == Some("csv")
}

/// A list's page with these rows; none of them where its filters are wrong.
pub(super) fn page<T>(
    visit: &Visit,
    listing: Listing<'_>,
    found: Result<List<T>, Vec<FieldError>>,
    row: impl Fn(&T) -> Row,
) -> Result<Response, Failed> {
    noted(visit, listing, found, row, None)
}

/// The same with something that should be known of all of it.
pub(super) fn noted<T>(
    visit: &Visit,
    listing: Listing<'_>,
    found: Result<List<T>, Vec<FieldError>>,
    row: impl Fn(&T) -> Row,
    notice: Option<String>,
) -> Result<Response, Failed> {
    let status = match found {
        Ok(_) => StatusCode::OK,
        Err(_) => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let (rows, next): (Vec<_>, _) = match found {
        Ok(list) => (list.items.iter().map(row).collect(), list.next),
        Err(_) => (Vec::new(), None),
    };
    let table = Table::new("rows", listing.heading, listing.columns)
        .listed(
            listing.path,
            &visit.params,
            listing.columns,
            next.as_deref(),
        )
        .with_rows(rows)
        .or_empty(listing.empty);
    let names: Vec<_> = listing.filters.iter().map(|filter| filter.name).collect();
    let page = ListPage {
        frame: Frame::new(visit, listing.place, listing.heading),
        heading: listing.heading,
        help: listing.help,
        path: listing.path,
        hidden: visit
            .params
            .others(&[&names[..], &["cursor", "format", "done"]].concat()),
        filters: listing.filters,
        offers: listing.offers,
        table,
        notice,
    };
    Ok((status, Html(page.render()?)).into_response())
}

/// The rows of one page of a file.
pub(super) fn rows<T>(
    found: Result<List<T>, ViewError>,
    row: impl Fn(&T) -> Row,
) -> Result<crate::csv::Rows, Failed> {
    let list = found?;
    Ok((list.items.iter().map(row).collect(), list.next))
}
