//! What would be promised now, for a customer who still looks at the sofa.

use axum::http::StatusCode;
use landfall_domain::{Quantity, Rejection, Sku, Terms};
use landfall_service::Bus;
use landfall_service::answer::Failure;
use landfall_service::quote::{Inquiry, QuoteResource};

use crate::errors::Failed;
use crate::format;
use crate::table::{Cell, Tone};
use crate::visit::Visit;

/// The fields of the address that ask.
pub(super) const FIELDS: [&str; 2] = ["quantity", "requested_date"];

/// The question as it was asked, and the answer.
pub(super) struct Asked {
    pub(super) quantity: String,
    pub(super) requested: String,
    pub(super) wrong_quantity: Option<String>,
    pub(super) wrong_requested: Option<String>,
    pub(super) answer: Option<Answer>,
}

/// What would be promised.
pub(super) struct Answer {
    pub(super) tone: Tone,
    pub(super) words: String,
    pub(super) from: Cell,
}

impl Asked {
    /// As a page's address asks it; nothing is asked where no quantity is.
    pub(super) async fn read(bus: &Bus, sku: &Sku, visit: &Visit) -> Result<Self, Failed> {
        let params = &visit.params;
        let mut errors = Vec::new();
        let quantity: Option<Quantity> = params.parse("quantity", &mut errors);
        let requested_date = params.day("requested_date", &mut errors);
        let wrong = |name: &str| {
            let error = errors.iter().find(|error| error.field == name);
            error.map(|error| format::sentence(&error.message))
        };
        let mut asked = Self {
            quantity: params.get("quantity").unwrap_or_default().to_owned(),
            requested: params.get("requested_date").unwrap_or_default().to_owned(),
            wrong_quantity: wrong("quantity"),
            wrong_requested: wrong("requested_date"),
            answer: None,
        };
        let Some(quantity) = quantity.filter(|_| errors.is_empty()) else {
            return Ok(asked);
        };
        let inquiry = Inquiry {
            sku: sku.clone(),
            terms: Terms {
                requested_date,
                ..Terms::plain(quantity.get())
            },
        };
        match bus.promise(inquiry).await {
            Ok(quote) => asked.answer = Some(Answer::new(&quote)),
            Err(Failure::Rejected(Rejection::UnknownSku { sku, .. })) => {
                return Err(Failed::NotFound("product", sku.to_string()));
            }
            Err(other) => return Err(other.into()),
        }
        Ok(asked)
    }

    pub(super) fn status(&self) -> StatusCode {
        if self.wrong_quantity.is_some() || self.wrong_requested.is_some() {
            StatusCode::UNPROCESSABLE_ENTITY
        } else {
            StatusCode::OK
        }
    }
}

impl Answer {
    fn new(quote: &QuoteResource) -> Self {
        let units = format::count(quote.quantity, "unit", "units");
        let Some(promise) = quote.promise else {
            return Self {
                tone: Tone::Warn,
                words: format!("{units} would wait for stock, without a promise."),
                from: Cell::None,
            };
        };
        let day = format::day(promise);
        let late = quote
            .requested_date
            .map(|wanted| format::days_between(wanted, promise));
        let (tone, wish) = match late {
            Some(days @ 1..) => {
                let days = format::count(days.unsigned_abs(), "day", "days");
                (Tone::Warn, format!(", {days} after the wish"))
            }
            Some(_) => (Tone::Good, ", in time".to_owned()),
            None => (Tone::Good, String::new()),
        };
        Self {
            tone,
            words: format!("{units} would be promised for {day}{wish}."),
            from: Cell::allocations(&quote.allocations),
        }
    }
}
