//! A visit: who asks for a page, when, and for which.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use jiff::{Timestamp, Zoned, civil::Date, tz::TimeZone};
use landfall_domain::Day;
use landfall_service::access::{Caller, Right};
use landfall_service::answer::Origin;

use crate::errors::Failed;
use crate::params::Params;
use crate::paths::{BY_QUERY, FIELD};

/// What every page knows of its request. The door puts it into the request's extensions.
#[derive(Clone)]
pub(crate) struct Visit {
    /// Who asks.
    pub(crate) caller: Caller,
    /// Until when they are signed in; none: without a key, nobody is.
    pub(crate) until: Option<Timestamp>,
    /// The path, as it was asked for.
    pub(crate) path: String,
    /// The query, read.
    pub(crate) params: Params,
    /// When.
    pub(crate) now: Timestamp,
    /// The warehouse's day.
    pub(crate) day: Day,
    /// The warehouse's zone.
    pub(crate) zone: TimeZone,
    /// Of the request.
    pub(crate) request_id: Origin,
    /// Whether nothing can be done here.
    pub(crate) read_only: bool,
    /// Where the log ended before anything was read: what a page shows is at least as new.
    pub(crate) log: String,
    /// Whether one of our own pages has led here: what its address says of what was done is then true.
    pub(crate) from_here: bool,
}

impl Visit {
    /// Whether the caller may do something here.
    pub(crate) fn may(&self, right: Right) -> bool {
        !self.read_only && self.caller.may(right)
    }

    /// The warehouse's day.
    pub(crate) fn today(&self) -> Date {
        self.day.today
    }

    /// An instant by the warehouse's clock.
    pub(crate) fn local(&self, instant: Timestamp) -> Zoned {
        instant.to_zoned(self.zone.clone())
    }

    /// Refuses what is asked of a page in its address and is none of these: what was mistyped and ignored would give a
    /// page that looks right and is not. Lists say the same above their filters.
    pub(crate) fn asks_only(&self, known: &[&str]) -> Result<(), Failed> {
        let always = |name: &str| name == "done" || (name == FIELD && self.path_has_no_name());
        let mut names = self.params.names();
        let Some(name) = names.find(|name| !known.contains(name) && !always(name)) else {
            return Ok(());
        };
        let has = match known {
            [] => "It has none.".to_owned(),
            known => format!("It has {}.", known.join(", ")),
        };
        Err(Failed::Unknown(format!(
            "This page has no field `{name}` in its address: leave it out. {has}"
        )))
    }

    /// Whether what the page is about is named in its query.
    fn path_has_no_name(&self) -> bool {
        BY_QUERY.contains(&&*self.path)
    }

    /// The page itself, with its query: where one comes back to.
    pub(crate) fn url(&self) -> String {
        self.params.with("done", None).url(&self.path)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Visit {
    type Rejection = Failed;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failed> {
        let visit = parts.extensions.get::<Visit>().cloned();
        visit.ok_or_else(|| Failed::broken("a page was asked for past the door"))
    }
}
