//! From refusals and failures to RFC 9457 problems: every error that the API answers with is made here.

mod kind;

use axum::body::Body;
use axum::http::Response;
use axum::http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use axum::response::IntoResponse;
use landfall_domain::Rejection;
use landfall_domain::rejection::Difference;
use landfall_service::Failure;
use landfall_service::views::ViewError;
use landfall_service::wire::{BadCommand, FieldError};
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

pub use kind::{Kind, TYPE_PREFIX};

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

    /// One thing in the request makes no sense beside the others.
    pub(crate) fn senseless(field: impl Into<String>, message: impl Into<String>) -> Self {
        let errors = vec![FieldError {
            field: field.into(),
            message: message.into(),
        }];
        Self::new(Kind::Senseless, describe(&errors)).with_errors(errors)
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
            Rejection::Senseless {
                field: name,
                message,
            } => field(Kind::Senseless, name, message),
            Rejection::UnknownSku { field: name, sku } => {
                let message = format!("names the SKU {sku}, which no batch has");
                of(Kind::UnknownSku).with_errors(vec![FieldError {
                    field: name,
                    message,
                }])
            }
            Rejection::UnknownShipment {
                field: Some(field),
                reference,
            } => {
                let message = format!("names {reference}, which does not exist");
                of(Kind::UnknownShipment).with_errors(vec![FieldError { field, message }])
            }
            Rejection::UnknownShipment { field: None, .. } => of(Kind::NoShipment),
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
            Rejection::NotInWarehouse { .. } => of(Kind::NotInWarehouse),
            Rejection::BeyondAllocated { .. } => of(Kind::BeyondAllocated),
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
            Failure::KeysChanged(_) => Self::new(
                Kind::Unavailable,
                "The API keys have changed meanwhile. Nothing was done; try again.",
            ),
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
                "The connection broke while the command was under way: it may have been carried out or \
                 not. Send the same command again, which is safe: what has been done is not done \
                 twice.",
            )
            .caused_by(reason),
            Failure::Damaged { reason } => Self::new(
                Kind::Internal,
                "What this command needs cannot be read from the database. Nothing was done, and \
                 trying again will not help until that is mended; the log of the service knows more.",
            )
            .caused_by(format!("the database is damaged: {reason}")),
            Failure::Unstorable { reason } => Self::new(
                Kind::Unstorable,
                "The database refuses what this command would write. Nothing was done, and trying \
                 again will not help: send other values, or ask whoever runs the service, whose log \
                 knows the reason.",
            )
            .caused_by(format!("the database refuses what would be written: {reason}")),
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
mod tests;
