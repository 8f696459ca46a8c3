//! The door: nobody comes further than this without a key that is in force and has the right to what is asked.
//!
//! One hand-written layer, as `watch` is: it is on the way of every request. What it knows of the caller it
//! gives on in the request's extensions; the key itself it takes away, so that nothing behind it can log it.
//!
//! A request waits for a look at the keys. Not so a single command, where the engine looks at their version with each
//! group: its caller is let in by the keys as they were last seen, and the command says by which. If they have changed,
//! the engine does not carry it out. And any answer that is not the engine's waits for a look of its own: so nobody who
//! was let in by old keys is told anything.

use std::convert::Infallible;
use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, ready};

use axum::extract::{MatchedPath, Request};
use axum::http::header::{AUTHORIZATION, HeaderValue, WWW_AUTHENTICATE};
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
use crate::known::{Known, Notes};
use crate::local;
use crate::pages;
use crate::problems::{Kind, Problem};
use crate::request_id::RequestId;
use crate::rights::{self, Need};

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
        // Pages let their visitors in by themselves, also the one that says that there is none.
        let lost = self.context.has_pages && pages::is_lost(&request);
        if need == Need::Nothing || lost || !door.is_guarded() {
            request.headers_mut().remove(AUTHORIZATION);
            Known::of_mut(request.extensions_mut()).caller = Some(Caller::NOBODY);
            let answer = self.inner.call(request);
            return Entering::Inside {
                answer,
                visit: None,
            };
        }
        if let Some(visit) = by_last_seen(&self.context, &mut request, need) {
            let answer = self.inner.call(request);
            return Entering::Inside {
                answer,
                visit: Some(visit),
            };
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
        // With a visit: until the engine has answered, nobody has looked at the keys since the request came.
        Inside { #[pin] answer: S::Future, visit: Option<Visit> },
        After { #[pin] looking: Looking, held: Option<(Visit, Response)> },
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
                Step::Inside { answer, visit } => {
                    let Ok(response) = ready!(answer.poll(cx));
                    match visit.take() {
                        Some(visit) if !visit.notes.is_seen() => Entering::After {
                            looking: visit.context.app.door.look(),
                            held: Some((visit, response)),
                        },
                        _ => return Poll::Ready(Ok(response)),
                    }
                }
                Step::After { looking, held } => {
                    let seen = ready!(looking.poll(cx));
                    let response = match held.take() {
                        Some((visit, response)) => visit.answer(seen, response),
                        None => Problem::internal("an answer was asked for twice").into_response(),
                    };
                    return Poll::Ready(Ok(response));
                }
                Step::Outside { answer } => return answer.as_mut().poll(cx).map(Ok),
                Step::Before { looking, held } => {
                    let seen = ready!(looking.poll(cx));
                    let Some(mut held) = held.take() else {
                        let twice = Problem::internal("an answer was asked for twice");
                        return Poll::Ready(Ok(twice.into_response()));
                    };
                    match enter(&held.context, &mut held.request, held.need, seen) {
                        Ok(caller) => {
                            Known::of_mut(held.request.extensions_mut()).caller = Some(caller);
                            let answer = held.inner.call(held.request);
                            Entering::Inside {
                                answer,
                                visit: None,
                            }
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
    request.headers_mut().remove(AUTHORIZATION);
    let ring = seen.map_err(|unseen| Refused::Here(of_unseen(&unseen)))?;
    let shown = shown.as_ref().and_then(key);
    let caller = match context.app.door.admit(&ring, shown) {
        Ok(caller) => caller,
        Err(why) => {
            return Err(wrong(
                context,
                why,
                shown,
                &Origin::of(request.extensions()),
            ));
        }
    };
    allow(context, request, &caller, need)?;
    Ok(caller)
}

/// Whether somebody who is known may ask for this, so often.
fn allow(context: &Shared, request: &Request, caller: &Caller, need: Need) -> Result<(), Problem> {
    match caller.actor() {
        Some(name) if !context.rates.may_ask(&name) => {
            let detail = "The key has asked too often of late. Nothing was done; try again.";
            return Err(Problem::new(Kind::TooOften, detail));
        }
        Some(_) => {}
        None => local::only(request)?,
    }
    match need {
        Need::Right(right) => may(caller, right),
        Need::Nothing | Need::ByCommand => Ok(()),
    }
}

/// Lets the caller of a single command in by the keys as they were last seen. None: there has to be a look first, also
/// to refuse somebody, because the keys may be others by now.
fn by_last_seen(context: &Shared, request: &mut Request, need: Need) -> Option<Visit> {
    // The routes that these rights are for hand one command to the engine.
    if !matches!(need, Need::Right(Right::Orders | Right::Supply)) {
        return None;
    }
    let door = &context.app.door;
    let ring = door.last_seen()?;
    let shown = shown(request.headers()).ok()?;
    let caller = door.admit(&ring, shown.as_ref().and_then(key)).ok()?;
    allow(context, request, &caller, need).ok()?;
    request.headers_mut().remove(AUTHORIZATION);
    let from = Origin::of(request.extensions());
    let known = Known::of_mut(request.extensions_mut());
    known.caller = Some(caller);
    known.let_in_by = Some(ring.version());
    Some(Visit {
        notes: known.notes.clone(),
        context: Arc::clone(context),
        shown,
        from,
    })
}

/// Somebody who was let in by the keys as they were last seen.
pub(crate) struct Visit {
    notes: Notes,
    context: Shared,
    /// The header with the key.
    shown: Option<HeaderValue>,
    from: Origin,
}

impl Visit {
    /// The answer, now that there was a look at the keys: the one that there is, or that there is none for this caller.
    fn answer(&self, seen: Result<Arc<KeyRing>, Unseen>, response: Response) -> Response {
        let shown = self.shown.as_ref().and_then(key);
        let ring = match seen {
            Ok(ring) => ring,
            Err(unseen) => return of_unseen(&unseen).into_response(),
        };
        match self.context.app.door.admit(&ring, shown) {
            Ok(_) => response,
            Err(why) => wrong(&self.context, why, shown, &self.from).into_response(),
        }
    }
}

/// Where a request came from, and what it is called: for the log.
struct Origin {
    address: Option<IpAddr>,
    id: Option<RequestId>,
}

impl Origin {
    fn of(extensions: &Extensions) -> Self {
        let known = Known::of(extensions);
        Self {
            address: known.and_then(|known| known.peer).map(|peer| peer.address),
            id: known.and_then(|known| known.id.clone()),
        }
    }
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

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        match self {
            Self::Here(problem) => problem.into_response(),
            Self::Unknown(problem, challenge) => {
                let mut response = problem.into_response();
                response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
                response
            }
        }
    }
}

/// The header with the key. What is given twice, of that nobody can tell which was looked at on the way.
fn shown(headers: &HeaderMap) -> Result<Option<HeaderValue>, Problem> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let first = values.next().cloned();
    if values.next().is_some() {
        return Err(Problem::ill_formed("Authorization", "is given twice"));
    }
    Ok(first)
}

/// The key in the header: `Bearer KEY` (RFC 6750). Other schemes are somebody else's.
fn key(header: &HeaderValue) -> Option<&[u8]> {
    let (scheme, key) = header.as_bytes().split_at_checked("Bearer ".len())?;
    let bearer = scheme.eq_ignore_ascii_case(b"Bearer ");
    bearer.then(|| key.trim_ascii())
}

/// The answer to a wrong key, or none.
fn wrong(context: &Shared, why: Refusal, shown: Option<&[u8]>, from: &Origin) -> Refused {
    if !context.rates.may_be_wrong(from.address) {
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
            let address = from.address.map(tracing::field::display);
            let request_id = from.id.as_ref().map_or("", RequestId::text);
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
    refused.into_response()
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

/// For requests that take long: whether the caller may go on.
pub(crate) async fn may_stay(door: &Doorkeeper, caller: &Caller) -> Result<(), Problem> {
    match door.may_stay(caller).await {
        Ok(true) => Ok(()),
        Ok(false) => Err(Problem::new(Kind::NoKey, "The key is no longer in force.")),
        Err(unseen) => Err(of_unseen(&unseen)),
    }
}
