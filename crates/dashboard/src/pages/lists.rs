//! What all lists have in common: filters in the address, pages, and the whole of it as CSV.

use askama::Template;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use futures_util::future::BoxFuture;
use jiff::civil::Date;
use landfall_service::views::{List, Page, ViewError};
use landfall_service::wire::FieldError;

use crate::actions::Offer;
use crate::csv;
use crate::errors::Failed;
use crate::format;
use crate::frame::{Frame, Place};
use crate::pager;
use crate::params::Params;
use crate::table::{Column, Row, Table};
use crate::visit::Visit;

/// Rows in a page.
pub(super) const ROWS: usize = 50;

/// The words of a filter that something is or is not.
pub(super) const YES_NO: [(&str, bool); 2] = [("yes", true), ("no", false)];

/// A filter of goods that are held.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Held {
    Yes,
    No,
    /// Past the day on which the hold was to be cleared, or nobody has said when.
    Overdue,
}

impl Held {
    const WORDS: [(&str, Self); 3] = [
        ("yes", Self::Yes),
        ("no", Self::No),
        ("overdue", Self::Overdue),
    ];
    /// How they are told in the form.
    pub(super) const CHOICES: [(&str, &str); 4] = [
        ("", "Any"),
        ("yes", "Held"),
        ("overdue", "Without a clear date, or past it"),
        ("no", "Not held"),
    ];

    /// What is asked for: whether they are held, and the day on which the hold is overdue.
    pub(super) fn asked(
        params: &Params,
        errors: &mut Vec<FieldError>,
        today: Date,
    ) -> (Option<bool>, Option<Date>) {
        match params.one_of("held", &Self::WORDS, errors) {
            None => (None, None),
            Some(Self::Overdue) => (None, Some(today)),
            Some(held) => (Some(held == Self::Yes), None),
        }
    }
}

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
    /// Where all of it is.
    pub(super) all: String,
    /// The page of what it is about, and what that is.
    pub(super) about: Option<(String, String)>,
    pub(super) offers: Vec<Offer>,
    pub(super) table: Table,
    /// What should be known of all of it.
    pub(super) notice: Option<String>,
}

/// What a list is about that is always of one thing.
pub(super) struct About {
    /// Its page, and what it is.
    pub(super) page: String,
    pub(super) words: String,
    /// All of the list.
    pub(super) all: String,
}

/// What makes a list: everything but its rows.
pub(super) struct Listing<'a> {
    pub(super) place: Place,
    pub(super) heading: &'static str,
    pub(super) help: &'static str,
    pub(super) path: &'static str,
    pub(super) columns: &'a [Column],
    pub(super) filters: Vec<Filter>,
    pub(super) about: Option<About>,
    pub(super) offers: Vec<Offer>,
    /// What is said where nothing is like what is asked for.
    pub(super) empty: &'static str,
    /// What is said where there is nothing at all.
    pub(super) none: &'static str,
    /// What should be known of all of it.
    pub(super) notice: Option<String>,
}

/// Whether a list is asked for as a file.
pub(super) fn is_csv(visit: &Visit) -> bool {
    visit.params.get("format") == Some("csv")
}

/// What is wrong with the order that a list is asked for in: it has no field to say it at.
pub(super) fn wrong_sort(errors: &[FieldError]) -> Option<String> {
    let wrong = errors.iter().find(|error| error.field == "sort")?;
    Some(format::sentence(&format!("`sort` {}", wrong.message)))
}

/// What is asked of a list that it does not have: a mistyped filter that was ignored would give a list that looks
/// right and is not.
fn unknown(params: &Params, filters: &[Filter]) -> Option<String> {
    const ALL: [&str; 5] = ["sort", "cursor", "back", "format", "done"];
    let known =
        |name: &str| ALL.contains(&name) || filters.iter().any(|filter| filter.name == name);
    let name = params.names().find(|name| !known(name))?;
    let names: Vec<_> = filters.iter().map(|filter| filter.name).collect();
    Some(format!(
        "This list has no filter `{name}`: leave it out. It has {}.",
        names.join(", ")
    ))
}

/// What a list's rows are read with: any page of it.
pub(super) type Asked<T> = BoxFuture<'static, Result<List<T>, ViewError>>;

/// A list as it is asked for: a page of it, or all of it as a file. Where its filters are wrong nothing is asked, and
/// the page says so.
pub(super) async fn answer<T: Send + 'static>(
    visit: &Visit,
    mut listing: Listing<'_>,
    filters_hold: bool,
    ask: impl Fn(Page) -> Asked<T> + Send + Sync + 'static,
    row: impl Fn(&T) -> Row + Clone + Send + Sync + 'static,
) -> Result<Response, Failed> {
    let unknown = unknown(&visit.params, &listing.filters);
    let filters_hold = filters_hold && unknown.is_none();
    listing.notice = unknown.or(listing.notice);
    if !filters_hold {
        let nothing = List {
            items: Vec::new(),
            next: None,
        };
        return page(
            visit,
            listing,
            StatusCode::UNPROCESSABLE_ENTITY,
            &nothing,
            row,
        );
    }
    if is_csv(visit) {
        let pages: csv::Pages = Box::new(move |after| {
            let found = ask(Page {
                after,
                limit: csv::PAGE,
            });
            let row = row.clone();
            Box::pin(async move {
                let list = found.await?;
                Ok((list.items.iter().map(row).collect(), list.next))
            })
        });
        let name = listing.path.trim_start_matches('/');
        return csv::file(name, listing.columns, pages).await;
    }
    let found = ask(Page {
        after: visit.params.get("cursor").map(str::to_owned),
        limit: ROWS,
    });
    page(visit, listing, StatusCode::OK, &found.await?, row)
}

fn page<T>(
    visit: &Visit,
    listing: Listing<'_>,
    status: StatusCode,
    list: &List<T>,
    row: impl Fn(&T) -> Row,
) -> Result<Response, Failed> {
    let rows: Vec<_> = list.items.iter().map(row).collect();
    // A page of what changed last may have passed over much that is not of the list.
    let empty = match list.next {
        Some(_) => "Nothing on this page: the list goes on with the next.",
        None if listing
            .filters
            .iter()
            .any(|filter| visit.params.get(filter.name).is_some()) =>
        {
            listing.empty
        }
        None if visit.params.get("cursor").is_some() => listing.empty,
        None => listing.none,
    };
    let table = Table::new("rows", listing.heading, listing.columns)
        .listed(
            listing.path,
            &visit.params,
            listing.columns,
            list.next.as_deref(),
        )
        .with_rows(rows)
        .or_empty(empty);
    let names: Vec<_> = listing.filters.iter().map(|filter| filter.name).collect();
    let (all, about) = match listing.about {
        None => (listing.path.to_owned(), None),
        Some(About { page, words, all }) => (all, Some((page, words))),
    };
    let page = ListPage {
        all,
        about,
        frame: Frame::new(visit, listing.place, listing.heading),
        heading: listing.heading,
        help: listing.help,
        path: listing.path,
        hidden: visit
            .params
            .others(&[&names[..], &pager::NAMES, &["format", "done"]].concat()),
        filters: listing.filters,
        offers: listing.offers,
        table,
        notice: listing.notice,
    };
    Ok((status, Html(page.render()?)).into_response())
}
