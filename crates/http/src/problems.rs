//! From refusals and failures to RFC 9457 problems: every error that the API answers with is made here.

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use axum::http::{Response, StatusCode};
use axum::response::IntoResponse;
use landfall_domain::Rejection;
use landfall_domain::rejection::Difference;
use landfall_service::Failure;
use landfall_service::views::ViewError;
use landfall_service::wire::{BadCommand, FieldError};
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

/// What a problem's `type` begins with. It is a name, not an address: it reads the same in an answer, in a
/// line of NDJSON and in a log.
pub const TYPE_PREFIX: &str = "urn:landfall:problem:";

/// The kinds of problems. The slug of a kind never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A body, header, path or query that breaks the syntax.
    IllFormed,
    /// No such route.
    NoRoute,
    /// No such batch.
    UnknownBatch,
    /// No such order.
    UnknownOrder,
    /// No such order line.
    UnknownLine,
    /// No such product, where the path names it.
    UnknownProduct,
    /// The route exists with another method.
    MethodNotAllowed,
    /// The body did not come in time.
    Timeout,
    /// It exists with other content.
    Conflict,
    /// Too little stock, and the caller did not want to wait.
    OutOfStock,
    /// The line can no longer be changed.
    NotAmendable,
    /// Less than has left.
    BelowDispatched,
    /// The body is too long, or holds too many commands.
    TooLarge,
    /// The body's content type is not one that the route reads.
    MediaType,
    /// The command names a product that does not exist.
    UnknownSku,
    /// The command names a shipment that does not exist.
    UnknownShipment,
    /// The idempotency key belongs to another command.
    IdReused,
    /// Well-formed, but beyond what this service does.
    Unsupported,
    /// More steps than one unit of work may take.
    TooMuchWork,
    /// The database refuses this command's data.
    Unstorable,
    /// The service failed; not the caller's fault.
    Internal,
    /// Too much is going on.
    Busy,
    /// The service is shutting down.
    Stopping,
    /// The database cannot be used at present; nothing was done.
    Unavailable,
    /// The database failed in the middle of the commit.
    OutcomeUnknown,
}

impl Kind {
    /// All of them, in the order of their status.
    pub const ALL: [Kind; 25] = [
        Kind::IllFormed,
        Kind::NoRoute,
        Kind::UnknownBatch,
        Kind::UnknownOrder,
        Kind::UnknownLine,
        Kind::UnknownProduct,
        Kind::MethodNotAllowed,
        Kind::Timeout,
        Kind::Conflict,
        Kind::OutOfStock,
        Kind::NotAmendable,
        Kind::BelowDispatched,
        Kind::TooLarge,
        Kind::MediaType,
        Kind::UnknownSku,
        Kind::UnknownShipment,
        Kind::IdReused,
        Kind::Unsupported,
        Kind::TooMuchWork,
        Kind::Unstorable,
        Kind::Internal,
        Kind::Busy,
        Kind::Stopping,
        Kind::Unavailable,
        Kind::OutcomeUnknown,
    ];

    /// Status, slug and title.
    const fn row(self) -> (StatusCode, &'static str, &'static str) {
        use StatusCode as S;
        match self {
            Kind::IllFormed => (S::BAD_REQUEST, "ill-formed", "The request is ill-formed"),
            Kind::NoRoute => (
                S::NOT_FOUND,
                "no-such-route",
                "There is nothing at this address",
            ),
            Kind::UnknownBatch => (S::NOT_FOUND, "unknown-batch", "There is no such batch"),
            Kind::UnknownOrder => (S::NOT_FOUND, "unknown-order", "There is no such order"),
            Kind::UnknownLine => (S::NOT_FOUND, "unknown-line", "There is no such order line"),
            Kind::UnknownProduct => (S::NOT_FOUND, "unknown-product", "There is no such product"),
            Kind::MethodNotAllowed => (
                S::METHOD_NOT_ALLOWED,
                "method-not-allowed",
                "This address takes another method",
            ),
            Kind::Timeout => (
                S::REQUEST_TIMEOUT,
                "timeout",
                "The body did not come in time",
            ),
            Kind::Conflict => (S::CONFLICT, "conflict", "It exists with other content"),
            Kind::OutOfStock => (S::CONFLICT, "out-of-stock", "There is too little stock"),
            Kind::NotAmendable => (
                S::CONFLICT,
                "not-amendable",
                "The line can no longer be changed",
            ),
            Kind::BelowDispatched => (
                S::CONFLICT,
                "below-dispatched",
                "More than that has been dispatched",
            ),
            Kind::TooLarge => (
                S::PAYLOAD_TOO_LARGE,
                "too-large",
                "The request is too large",
            ),
            Kind::MediaType => (
                S::UNSUPPORTED_MEDIA_TYPE,
                "unsupported-media-type",
                "The content type is not one that is read here",
            ),
            Kind::UnknownSku => (
                S::UNPROCESSABLE_ENTITY,
                "unknown-sku",
                "There is no product with this SKU",
            ),
            Kind::UnknownShipment => (
                S::UNPROCESSABLE_ENTITY,
                "unknown-shipment",
                "There is no such shipment",
            ),
            Kind::IdReused => (
                S::UNPROCESSABLE_ENTITY,
                "id-reused",
                "The idempotency key belongs to another command",
            ),
            Kind::Unsupported => (
                S::UNPROCESSABLE_ENTITY,
                "unsupported",
                "This is not supported",
            ),
            Kind::TooMuchWork => (
                S::UNPROCESSABLE_ENTITY,
                "too-much-work",
                "The command sets off more than one unit of work may do",
            ),
            Kind::Unstorable => (
                S::UNPROCESSABLE_ENTITY,
                "unstorable",
                "The database refuses this data",
            ),
            Kind::Internal => (S::INTERNAL_SERVER_ERROR, "internal", "The service failed"),
            Kind::Busy => (S::SERVICE_UNAVAILABLE, "busy", "The service is busy"),
            Kind::Stopping => (
                S::SERVICE_UNAVAILABLE,
                "stopping",
                "The service is shutting down",
            ),
            Kind::Unavailable => (
                S::SERVICE_UNAVAILABLE,
                "unavailable",
                "The database cannot be used at present",
            ),
            Kind::OutcomeUnknown => (
                S::SERVICE_UNAVAILABLE,
                "outcome-unknown",
                "Whether the command was carried out is not known",
            ),
        }
    }

    /// The HTTP status.
    pub const fn status(self) -> StatusCode {
        self.row().0
    }

    /// What follows [`TYPE_PREFIX`] in `type`.
    pub const fn slug(self) -> &'static str {
        self.row().1
    }

    /// A sentence for people: the same for every problem of the kind.
    pub const fn title(self) -> &'static str {
        self.row().2
    }

    /// After how many seconds trying again makes sense.
    const fn retry_after(self) -> Option<u16> {
        match self {
            Kind::Busy => Some(1),
            Kind::Stopping | Kind::Unavailable | Kind::OutcomeUnknown => Some(5),
            _ => None,
        }
    }
}

/// One problem, as an answer or as part of a line of NDJSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem(Box<Parts>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Parts {
    kind: Kind,
    detail: String,
    errors: Vec<FieldError>,
    differences: Vec<Difference>,
    cause: Option<String>,
}

/// What the log should know of a problem and the caller need not; the outermost layer takes it from the
/// answer and logs it beside the request's id.
#[derive(Debug, Clone)]
pub(crate) struct Cause(pub(crate) String);

impl Problem {
    /// A problem of this kind.
    pub fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self(Box::new(Parts {
            kind,
            detail: detail.into(),
            errors: Vec::new(),
            differences: Vec::new(),
            cause: None,
        }))
    }

    /// One thing in the request breaks the syntax.
    pub fn ill_formed(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::of_fields(vec![FieldError {
            field: field.into(),
            message: message.into(),
        }])
    }

    /// These fields break the syntax.
    pub fn of_fields(errors: Vec<FieldError>) -> Self {
        Self::new(Kind::IllFormed, describe(&errors)).with_errors(errors)
    }

    fn with_errors(mut self, errors: Vec<FieldError>) -> Self {
        self.0.errors = errors;
        self
    }

    /// With words for the log that the caller does not get.
    pub(crate) fn caused_by(mut self, cause: impl Into<String>) -> Self {
        self.0.cause = Some(cause.into());
        self
    }

    /// Its kind.
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// What is wrong this time.
    pub fn detail(&self) -> &str {
        &self.0.detail
    }

    /// The fields that are wrong.
    pub fn errors(&self) -> &[FieldError] {
        &self.0.errors
    }
}

fn describe(errors: &[FieldError]) -> String {
    let each: Vec<String> = errors
        .iter()
        .map(|FieldError { field, message }| match field.as_str() {
            "" => format!("The body {message}."),
            field => format!("{field} {message}."),
        })
        .collect();
    each.join(" ")
}

/// A domain error begins in lower case and has no full stop; a detail is a sentence.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(char::to_uppercase);
    first
        .into_iter()
        .flatten()
        .chain(letters)
        .chain(['.'])
        .collect()
}

impl From<BadCommand> for Problem {
    fn from(bad: BadCommand) -> Self {
        Self::of_fields(bad.errors)
    }
}

impl From<Rejection> for Problem {
    fn from(rejection: Rejection) -> Self {
        let text = rejection.to_string();
        let of = |kind| Self::new(kind, sentence(&text));
        let field = |kind: Kind, field: String, message: String| {
            let detail = format!("{field} {message}.");
            Self::new(kind, detail).with_errors(vec![FieldError { field, message }])
        };
        match rejection {
            Rejection::Invalid {
                field: name,
                message,
            } => field(Kind::IllFormed, name, message),
            Rejection::Unsupported {
                field: name,
                message,
            } => field(Kind::Unsupported, name, message),
            Rejection::UnknownSku { field: name, sku } => {
                let message = format!("names the SKU {sku}, which no batch has");
                of(Kind::UnknownSku).with_errors(vec![FieldError {
                    field: name,
                    message,
                }])
            }
            Rejection::UnknownShipment { reference } => {
                let message = format!("names {reference}, which does not exist");
                let field = "shipment".to_owned();
                of(Kind::UnknownShipment).with_errors(vec![FieldError { field, message }])
            }
            Rejection::UnknownBatch { .. } => of(Kind::UnknownBatch),
            Rejection::UnknownOrder { .. } => of(Kind::UnknownOrder),
            Rejection::UnknownLine { .. } => of(Kind::UnknownLine),
            Rejection::Conflict { differences, .. } => {
                let mut problem = of(Kind::Conflict);
                problem.0.differences = differences;
                problem
            }
            Rejection::OutOfStock { .. } => of(Kind::OutOfStock),
            Rejection::NotAmendable { .. } => of(Kind::NotAmendable),
            Rejection::BelowDispatched { .. } => of(Kind::BelowDispatched),
            Rejection::IdReused { .. } => of(Kind::IdReused),
            Rejection::TooMuchWork { .. } => of(Kind::TooMuchWork),
        }
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Rejected(rejection) => rejection.into(),
            Failure::Busy => Self::new(
                Kind::Busy,
                "Too many commands are waiting. Nothing was done; try again.",
            ),
            Failure::Stopping => Self::stopping(),
            Failure::Unavailable {
                reason,
                outcome_unknown: false,
            } => Self::new(
                Kind::Unavailable,
                "The database cannot be written at present. Nothing was done; try again.",
            )
            .caused_by(reason),
            Failure::Unavailable {
                reason,
                outcome_unknown: true,
            } => Self::new(
                Kind::OutcomeUnknown,
                "The database failed during the commit: the command may have been carried out or \
                 not. Send the same command again, which is safe: what has been done is not done \
                 twice.",
            )
            .caused_by(reason),
            Failure::Unstorable { reason } => Self::new(
                Kind::Unstorable,
                format!(
                    "The database refuses what this command would write ({reason}). Nothing was \
                     done, and trying again will not help."
                ),
            ),
        }
    }
}

impl From<ViewError> for Problem {
    fn from(error: ViewError) -> Self {
        match error {
            ViewError::BadCursor => bad_cursor("cursor"),
            ViewError::Unavailable(reason) => Self::new(
                Kind::Unavailable,
                "The database cannot be read at present; try again.",
            )
            .caused_by(reason),
            ViewError::Corrupt(reason) => {
                Self::internal(format!("the database is damaged: {reason}"))
            }
        }
    }
}

/// A cursor that this list did not give.
pub(crate) fn bad_cursor(parameter: &str) -> Problem {
    Problem::ill_formed(
        parameter,
        "is not a cursor that this list gave with these filters",
    )
}

impl Problem {
    /// The service is shutting down.
    pub(crate) fn stopping() -> Self {
        Self::new(
            Kind::Stopping,
            "The service is shutting down. Nothing was done; try again.",
        )
    }

    /// The service failed; the reason is for the log alone.
    pub(crate) fn internal(cause: impl Into<String>) -> Self {
        Self::new(
            Kind::Internal,
            "The service failed to answer; its log knows why.",
        )
        .caused_by(cause)
    }
}

impl Serialize for Problem {
    /// `{type, title, status, detail}` and, where there are any, `errors` and `differences`.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Parts {
            kind,
            detail,
            errors,
            differences,
            ..
        } = &*self.0;
        let mut problem = serializer.serialize_struct("Problem", 6)?;
        problem.serialize_field("type", &format_args!("{TYPE_PREFIX}{}", kind.slug()))?;
        problem.serialize_field("title", kind.title())?;
        problem.serialize_field("status", &kind.status().as_u16())?;
        problem.serialize_field("detail", detail)?;
        if !errors.is_empty() {
            problem.serialize_field("errors", errors)?;
        }
        if !differences.is_empty() {
            problem.serialize_field("differences", differences)?;
        }
        problem.end()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response<Body> {
        // Text and numbers only: they always have a JSON form.
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.0.kind.status();
        let headers = response.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if let Some(seconds) = self.0.kind.retry_after() {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(cause) = self.0.cause {
            response.extensions_mut().insert(Cause(cause));
        }
        response
    }
}

#[cfg(test)]
#[path = "problems_tests.rs"]
mod tests;
