//! What cannot be shown or done, as a page.

use askama::Template;
use axum::extract::rejection::RawFormRejection;
use axum::http::StatusCode;
use axum::http::header::{HeaderValue, LOCATION, RETRY_AFTER};
use axum::response::{Html, IntoResponse, Response};
use landfall_service::answer::Failure;
use landfall_service::views::ViewError;

use crate::frame::{Frame, Place};
use crate::visit::Visit;

/// Why there is no page.
#[derive(Debug)]
pub(crate) enum Failed {
    /// There is no such thing: its kind and name.
    NotFound(&'static str, String),
    /// The caller may not.
    Forbidden(String),
    /// The address is there, but takes another method.
    NotAskedSo,
    /// What was sent is no form of ours: with this status.
    NoForm(StatusCode),
    /// What was sent makes no sense here.
    Bad(String),
    /// The address asks for something that its page does not have.
    Unknown(String),
    /// Later perhaps.
    Later {
        /// What the visitor is told.
        words: String,
        /// What only the log is told.
        cause: Option<String>,
        /// 429 or 503.
        status: StatusCode,
    },
    /// A defect of ours.
    Broken(String),
}

impl Failed {
    /// It was not sent from a page of ours.
    pub(crate) fn not_ours() -> Self {
        Self::Forbidden("This was sent from another site's page, and nothing was done.".into())
    }

    /// A defect of ours; the reason is for the log alone.
    pub(crate) fn broken(cause: impl Into<String>) -> Self {
        Self::Broken(cause.into())
    }

    /// The database does not answer.
    pub(crate) fn unavailable(cause: impl Into<String>) -> Self {
        Self::Later {
            words: "The database cannot be read at present.".into(),
            cause: Some(cause.into()),
            status: StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// Too many requests.
    pub(crate) fn too_often(words: &str) -> Self {
        Self::Later {
            words: words.into(),
            cause: None,
            status: StatusCode::TOO_MANY_REQUESTS,
        }
    }
}

impl From<RawFormRejection> for Failed {
    fn from(rejection: RawFormRejection) -> Self {
        Self::NoForm(rejection.status())
    }
}

impl From<askama::Error> for Failed {
    fn from(error: askama::Error) -> Self {
        Self::Broken(format!("a page cannot be made: {error}"))
    }
}

impl From<ViewError> for Failed {
    fn from(error: ViewError) -> Self {
        match error {
            ViewError::BadCursor => {
                Self::Bad("This place in the list does not exist any more. Begin anew.".into())
            }
            ViewError::Unavailable(cause) => Self::unavailable(cause),
            ViewError::Corrupt(cause) => Self::Broken(format!("the database is damaged: {cause}")),
        }
    }
}

/// Why a command or a dry run was not even tried.
impl From<Failure> for Failed {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Rejected(rejection) => {
                Self::Bad(crate::format::sentence(&rejection.to_string()))
            }
            other => Self::Later {
                words: crate::format::sentence(&other.to_string()),
                cause: Some(other.to_string()),
                status: StatusCode::SERVICE_UNAVAILABLE,
            },
        }
    }
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage {
    frame: Frame,
    told: Told,
}

/// What a visitor is told, in the answer's extensions: the door puts the frame of their page around it.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    heading: &'static str,
    words: String,
    /// Whether it is worth trying again.
    again: bool,
}

impl Failed {
    /// What is told, after the rest went into the log.
    fn tell(self) -> (StatusCode, Told) {
        let (status, heading, words) = match self {
            Self::NotFound(what, name) => (
                StatusCode::NOT_FOUND,
                "Not found",
                format!("There is no {what} {name}."),
            ),
            Self::Forbidden(words) => (StatusCode::FORBIDDEN, "Not allowed", words),
            Self::NotAskedSo => (
                StatusCode::METHOD_NOT_ALLOWED,
                "Not asked so",
                "There is something at this address, but no page to look at. Nothing was done."
                    .into(),
            ),
            Self::NoForm(status) => (
                status,
                "Not a form",
                "What was sent is too long, or is no form. Nothing was done.".into(),
            ),
            Self::Bad(words) => (StatusCode::BAD_REQUEST, "This makes no sense", words),
            Self::Unknown(words) => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "This makes no sense",
                words,
            ),
            Self::Later {
                words,
                cause,
                status,
            } => {
                if let Some(cause) = cause {
                    tracing::warn!(cause, "a page cannot be shown");
                }
                (status, "Not at present", words)
            }
            Self::Broken(cause) => {
                tracing::error!(cause, "a page failed");
                (
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "Something is broken",
                    "The service failed to answer; its log knows why.".into(),
                )
            }
        };
        let again = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
        let told = Told {
            heading,
            words,
            again,
        };
        (status, told)
    }
}

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        let (status, told) = self.tell();
        let mut response = answer(status, Frame::bare(told.heading), told.clone());
        response.extensions_mut().insert(told);
        response
    }
}

/// The same answer for somebody who has come in: with everything around it that their pages have.
pub(crate) fn inside(response: Response, visit: &Visit) -> Response {
    match response.extensions().get::<Told>() {
        None => response,
        Some(told) => {
            let frame = Frame::new(visit, Place::Elsewhere, told.heading);
            answer(response.status(), frame, told.clone())
        }
    }
}

fn answer(status: StatusCode, frame: Frame, told: Told) -> Response {
    let again = told.again;
    let page = ErrorPage { frame, told };
    let html = page
        .render()
        .unwrap_or_else(|_| page.told.heading.to_owned());
    let mut response = (status, Html(html)).into_response();
    if again {
        let soon = HeaderValue::from_static("1");
        response.headers_mut().insert(RETRY_AFTER, soon);
    }
    response
}

/// Sends a browser on to another page of ours.
pub(crate) fn see_other(to: &str) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    let to = HeaderValue::from_str(to).unwrap_or(HeaderValue::from_static("/"));
    response.headers_mut().insert(LOCATION, to);
    response
}
