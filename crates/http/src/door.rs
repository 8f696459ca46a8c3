//! The door: nobody comes further than this without a key that is in force and has the right to what is asked.
//!
//! One hand-written layer, as `watch` is: it is on the way of every request. What it knows of the caller it
//! gives on in the request's extensions; the key itself it takes away, so that nothing behind it can log it.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, ready};

use axum::extract::{MatchedPath, Request};
use axum::http::header::{AUTHORIZATION, HOST, HeaderValue, WWW_AUTHENTICATE};
use axum::http::{Extensions, HeaderMap};
use axum::response::{IntoResponse, Response};
use landfall_domain::Command;
use landfall_service::access::{
    Caller, Doorkeeper, KeyRing, Looking, Refusal, Right, Role, Unseen, right_to, secret,
};
use pin_project_lite::pin_project;
use tower::{Layer, Service};

use crate::Shared;
use crate::body;
use crate::local;
use crate::problems::{Kind, Problem};
use crate::request_id;
use crate::rights::{self, Need};
use crate::serve::Peer;

/// The layer.
#[derive(Clone)]
pub(crate) struct Door(pub(crate) Shared);

impl<S> Layer<S> for Door {
    type Service = Guarded<S>;

    fn layer(&self, inner: S) -> Guarded<S> {
        Guarded {
            inner,
            context: Arc::clone(&self.0),
        }
    }
}

/// A service behind the door.
#[derive(Clone)]
pub(crate) struct Guarded<S> {
    inner: S,
    context: Shared,
}

impl<S> Service<Request> for Guarded<S>
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Entering<S>;

    fn poll_ready(&mut self, cx: &mut TaskContext<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request) -> Entering<S> {
        let door = &self.context.app.door;
        let route = request.extensions().get::<MatchedPath>();
        let need = rights::asked(request.method(), route.map(MatchedPath::as_str));
        if need == Need::Nothing || !door.is_guarded() {
            request.headers_mut().remove(AUTHORIZATION);
            request.extensions_mut().insert(Caller::NOBODY);
            let answer = self.inner.call(request);
            return Entering::Inside { answer };
        }
        let inner = self.inner.clone();
        Entering::Before {
            looking: door.look(),
            held: Some(Held {
                // What was asked whether it is ready has to be what is called.
                inner: std::mem::replace(&mut self.inner, inner),
                context: Arc::clone(&self.context),
                request,
                need,
            }),
        }
    }
}

/// A request that waits at the door.
pub(crate) struct Held<S> {
    inner: S,
    context: Shared,
    request: Request,
    need: Need,
}

pin_project! {
    /// The answer to come.
    #[project = Step]
    pub(crate) enum Entering<S>
    where
        S: Service<Request>,
    {
        Before { #[pin] looking: Looking, held: Option<Held<S>> },
        Inside { #[pin] answer: S::Future },
        Outside { answer: Pin<Box<dyn Future<Output = Response> + Send>> },
    }
}

impl<S> Future for Entering<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
{
    type Output = Result<Response, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Self::Output> {
        loop {
            let next = match self.as_mut().project() {
                Step::Inside { answer } => return answer.poll(cx),
                Step::Outside { answer } => return answer.as_mut().poll(cx).map(Ok),
                Step::Before { looking, held } => {
                    let seen = ready!(looking.poll(cx));
                    let Some(mut held) = held.take() else {
                        let twice = Problem::internal("an answer was asked for twice");
                        return Poll::Ready(Ok(twice.into_response()));
                    };
                    match enter(&held.context, &mut held.request, held.need, seen) {
                        Ok(caller) => {
                            held.request.extensions_mut().insert(caller);
                            let answer = held.inner.call(held.request);
                            Entering::Inside { answer }
                        }
                        Err(refused) => Entering::Outside {
                            answer: Box::pin(refuse(held.request, refused)),
                        },
                    }
                }
            };
            self.set(next);
        }
    }
}

/// Lets a caller in, or says why not.
fn enter(
    context: &Shared,
    request: &mut Request,
    need: Need,
    seen: Result<Arc<KeyRing>, Unseen>,
) -> Result<Caller, Refused> {
    let shown = shown(request.headers())?;
    let mut hosts = request.headers().get_all(HOST).iter();
    if hosts.next().is_some() && hosts.next().is_some() {
        return Err(Problem::ill_formed("Host", "is given twice").into());
    }
    request.headers_mut().remove(AUTHORIZATION);
    let ring = seen.map_err(|unseen| Refused::Here(of_unseen(&unseen)))?;
    let shown_bytes = shown.as_ref().and_then(key);
    let caller = match context.app.door.admit(&ring, shown_bytes) {
        Ok(caller) => caller,
        Err(why) => {
            return Err(wrong(context, why, shown_bytes, request.extensions()));
        }
    };
    match caller.actor() {
        Some(name) if !context.rates.may_ask(&name) => {
            let detail = "The key has asked too often of late. Nothing was done; try again.";
            return Err(Problem::new(Kind::TooOften, detail).into());
        }
        Some(_) => {}
        None => local::only(request)?,
    }
    match need {
        Need::Right(right) => may(&caller, right)?,
        Need::Nothing | Need::ByCommand => {}
    }
    Ok(caller)
}

/// Why a request stays outside.
enum Refused {
    Here(Problem),
    /// With this challenge.
    Unknown(Problem, HeaderValue),
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        Self::Here(problem)
    }
}

/// The header with the key.
fn shown(headers: &HeaderMap) -> Result<Option<HeaderValue>, Problem> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let first = values.next().cloned();
    match values.next() {
        // Which of them somebody on the way has looked at, nobody can tell.
        Some(_) => Err(Problem::ill_formed("Authorization", "is given twice")),
        None => Ok(first),
    }
}

/// The key in the header: `Bearer KEY` (RFC 6750). Other schemes are somebody else's.
fn key(header: &HeaderValue) -> Option<&[u8]> {
    let (scheme, key) = header.as_bytes().split_at_checked("Bearer ".len())?;
    let bearer = scheme.eq_ignore_ascii_case(b"Bearer ");
    bearer.then(|| key.trim_ascii())
}

/// The answer to a wrong key, or none.
fn wrong(context: &Shared, why: Refusal, shown: Option<&[u8]>, extensions: &Extensions) -> Refused {
    let address = extensions.get::<Peer>().map(|peer| peer.address);
    if !context.rates.may_be_wrong(address) {
        let detail = "Too many requests without a good key came from this address; try again.";
        return Problem::new(Kind::TooOften, detail).into();
    }
    let (detail, challenge) = match why {
        Refusal::NoKey => (
            "This needs a key: send Authorization: Bearer KEY. \"landfall keys create\" makes one.",
            HeaderValue::from_static(r#"Bearer realm="landfall""#),
        ),
        Refusal::BadKey => {
            // The id is no secret, and tells whose key is still in use somewhere.
            let id = shown.and_then(secret::id_in).unwrap_or("none");
            let address = address.map(tracing::field::display);
            let request_id = request_id::of(extensions);
            tracing::warn!(request_id, address, key_id = id, "a key was refused");
            (
                "There is no such key, or it is revoked.",
                HeaderValue::from_static(r#"Bearer realm="landfall", error="invalid_token""#),
            )
        }
    };
    Refused::Unknown(Problem::new(Kind::NoKey, detail), challenge)
}

/// The answer, once what the client was about to say has been heard.
async fn refuse(request: Request, refused: Refused) -> Response {
    let (parts, body) = request.into_parts();
    body::skip(&parts, body).await;
    match refused {
        Refused::Here(problem) => problem.into_response(),
        Refused::Unknown(problem, challenge) => {
            let mut response = problem.into_response();
            response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
            response
        }
    }
}

/// The keys cannot be read: then nobody is let in.
fn of_unseen(unseen: &Unseen) -> Problem {
    Problem::new(
        Kind::Unavailable,
        "The keys cannot be read at present. Nothing was done; try again.",
    )
    .caused_by(unseen.to_string())
}

/// Whether a caller has a right.
fn may(caller: &Caller, right: Right) -> Result<(), Problem> {
    if caller.may(right) {
        return Ok(());
    }
    let can: Vec<_> = Role::ALL
        .into_iter()
        .filter(|role| role.may(right))
        .map(Role::name)
        .collect();
    let name = caller.actor().unwrap_or_default();
    Err(Problem::new(
        Kind::Forbidden,
        format!(
            "The key {name} has the role {}, and this takes {}.",
            caller.role(),
            can.join(" or ")
        ),
    ))
}

/// Whether a caller may give a command.
pub(crate) fn may_give(caller: &Caller, command: &Command) -> Result<(), Problem> {
    may(caller, right_to(command))
}

/// Who asks, as the door knows.
pub(crate) fn caller(extensions: &Extensions) -> Result<&Caller, Problem> {
    extensions
        .get()
        .ok_or_else(|| Problem::internal("a request came past the door"))
}

/// For requests that take long: whether the caller may go on.
pub(crate) async fn may_stay(door: &Doorkeeper, caller: &Caller) -> Result<(), Problem> {
    match door.may_stay(caller).await {
        Ok(true) => Ok(()),
        Ok(false) => Err(Problem::new(Kind::NoKey, "The key is no longer in force.")),
        Err(unseen) => Err(of_unseen(&unseen)),
    }
}
