//! What people do here: a form for each command, a look at what it would do, and then the command itself.
//!
//! A form is read into the JSON of its command and checked as everybody's is (`landfall_service::wire`), so its
//! fields are wrong in the same words as the API's. Sent once, it is a dry run and shows what would come of it; sent
//! again from there it is carried out, with an idempotency key of its own: two clicks do it once.

mod catalogue;
mod fields;
mod preview;

use std::sync::atomic::{AtomicU64, Ordering};

use askama::Template;
use axum::extract::rejection::RawFormRejection;
use axum::extract::{Path, RawForm, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use landfall_domain::{Command, Rejection};
use landfall_service::access::right_to;
use landfall_service::answer::{Failure, Request};
use landfall_service::wire::{self, FieldError};

pub(crate) use catalogue::{Action, done_in_words};
pub(crate) use fields::{Field, Kind};
pub(crate) use preview::Preview;

use crate::Shared;
use crate::errors::{Failed, see_other};
use crate::format;
use crate::frame::{Frame, Place};
use crate::links;
use crate::params::Params;
use crate::sign_in::own_path;
use crate::visit::Visit;

/// Something that can be done to what a page shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Offer {
    pub(crate) href: String,
    pub(crate) label: &'static str,
    /// Whether something is taken from somebody by it.
    pub(crate) hard: bool,
}

/// What this visitor may do, of these commands about the same thing.
pub(crate) fn offers(visit: &Visit, commands: &[&str], fields: &[(&str, &str)]) -> Vec<Offer> {
    let next = visit.url();
    let known = commands
        .iter()
        .filter_map(|command| catalogue::find(command));
    known
        .filter(|action| visit.may(action.right))
        .map(|action| Offer {
            href: links::action(action.command, fields, &next),
            label: action.label,
            hard: action.hard,
        })
        .collect()
}

/// A field as it is shown.
pub(crate) struct Shown {
    pub(crate) field: &'static Field,
    pub(crate) value: String,
    pub(crate) wrong: Option<String>,
    /// The box that makes a day none: its name, its words, whether it is ticked.
    pub(crate) none: Option<(String, &'static str, bool)>,
    /// It says what the command is about, and that was given: it is shown and not asked for.
    pub(crate) given: bool,
}

impl Shown {
    fn is_wide(&self) -> bool {
        matches!(self.field.kind, Kind::Lines | Kind::Counts)
    }
}

#[derive(Template)]
#[template(path = "action.html")]
struct ActionPage {
    frame: Frame,
    action: &'static Action,
    fields: Vec<Shown>,
    /// What is wrong with no field in particular.
    wrong: Vec<String>,
    preview: Option<Preview>,
    next: String,
    id: String,
}

/// The form of a command.
pub(crate) async fn form(Path(command): Path<String>, visit: Visit) -> Result<Response, Failed> {
    let action = allowed(&visit, &command)?;
    let fields = shown(action, &visit.params, &[]);
    let next = own_path(visit.params.get("next")).to_owned();
    page(
        &visit,
        action,
        fields,
        Vec::new(),
        None,
        next,
        String::new(),
        StatusCode::OK,
    )
}

/// A form that was filled in: what it would do, or, from there, that it is done.
pub(crate) async fn submit(
    State(context): State<Shared>,
    Path(command): Path<String>,
    visit: Visit,
    form: Result<RawForm, RawFormRejection>,
) -> Result<Response, Failed> {
    let RawForm(form) = form?;
    let action = allowed(&visit, &command)?;
    let form = Params::read(std::str::from_utf8(&form).unwrap_or_default());
    let next = own_path(form.get("next")).to_owned();
    let again = |errors: &[FieldError], wrong: Vec<String>, status| {
        let fields = shown(action, &form, errors);
        let next = next.clone();
        page(
            &visit,
            action,
            fields,
            wrong,
            None,
            next,
            String::new(),
            status,
        )
    };
    let command = match read(action, &form) {
        Ok(command) => command,
        Err(errors) => {
            let general = general(action, &errors);
            return again(&errors, general, StatusCode::UNPROCESSABLE_ENTITY);
        }
    };
    if !visit.may(right_to(&command)) {
        return Err(forbidden(&visit));
    }
    let mut request = Request {
        id: None,
        let_in_by: None,
        actor: visit.caller.actor(),
        command,
    };
    let bus = &context.app.bus;
    let failure = if form.get("step") == Some("apply") {
        request.id = form.get("id").and_then(|id| id.parse().ok());
        let origin = Some(visit.request_id.clone());
        match bus.handle_from(origin, request).await {
            Ok(_) => {
                let done = catalogue::done(action, &form);
                return Ok(see_other(&with_done(&next, &done)));
            }
            Err(failure) => failure,
        }
    } else {
        let command = request.command.clone();
        let steps = bus.dry_run(vec![request]).await?;
        if let Some(Err(failure)) = steps.first().map(|step| &step.answer) {
            failure.clone()
        } else {
            let preview = Some(Preview::new(&command, &steps, visit.today()));
            let fields = shown(action, &form, &[]);
            let id = new_id(&visit);
            return page(
                &visit,
                action,
                fields,
                Vec::new(),
                preview,
                next,
                id,
                StatusCode::OK,
            );
        }
    };
    let status = match failure {
        Failure::Rejected(_) | Failure::Unstorable { .. } => StatusCode::CONFLICT,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    };
    let (errors, general) = told(action, &failure);
    again(&errors, general, status)
}

fn allowed(visit: &Visit, command: &str) -> Result<&'static Action, Failed> {
    let action =
        catalogue::find(command).ok_or_else(|| Failed::NotFound("command", command.to_owned()))?;
    if visit.may(action.right) {
        Ok(action)
    } else {
        Err(forbidden(visit))
    }
}

fn forbidden(visit: &Visit) -> Failed {
    if visit.read_only {
        return Failed::Forbidden("This dashboard is read-only.".into());
    }
    Failed::Forbidden(format!(
        "Your key has the role {}, which may not do this.",
        visit.caller.role()
    ))
}

/// The command that a form makes.
pub(crate) fn read(action: &Action, form: &Params) -> Result<Command, Vec<FieldError>> {
    let json = fields::json(action, form)?;
    let bytes = json.to_string();
    wire::parse(bytes.as_bytes())
        .map(|request| request.command)
        .map_err(|bad| bad.errors)
}

fn shown(action: &'static Action, form: &Params, errors: &[FieldError]) -> Vec<Shown> {
    let fields = action.fields.iter().map(|field| {
        let value = form.get(field.name).unwrap_or(field.first).to_owned();
        let wrong = errors.iter().find(|error| is_of(&error.field, field));
        Shown {
            given: field.names && !value.is_empty() && wrong.is_none(),
            wrong: wrong.map(|error| format::sentence(&error.message)),
            none: field.none().map(|words| {
                let name = fields::none_of(field);
                let ticked = form.get(&name) == Some("true");
                (name, words, ticked)
            }),
            value,
            field,
        }
    });
    fields.collect()
}

/// Whether an error's path leads to a field: `lines[1].quantity` to `lines`.
fn is_of(path: &str, field: &Field) -> bool {
    let first = path.split(['.', '[']).next();
    first == Some(field.name)
}

/// What no field of the form is to blame for.
fn general(action: &Action, errors: &[FieldError]) -> Vec<String> {
    let left = errors
        .iter()
        .filter(|error| !action.fields.iter().any(|field| is_of(&error.field, field)));
    left.map(|error| format::sentence(format!("{} {}", error.field, error.message).trim()))
        .collect()
}

/// A refusal, told at the field that it is about, or in general.
fn told(action: &Action, failure: &Failure) -> (Vec<FieldError>, Vec<String>) {
    let Failure::Rejected(rejection) = failure else {
        return (Vec::new(), vec![format::sentence(&failure.to_string())]);
    };
    let (field, message) = match rejection {
        Rejection::Invalid { field, message } | Rejection::Senseless { field, message } => {
            (field.clone(), message.clone())
        }
        Rejection::UnknownSku { field, .. }
        | Rejection::UnknownShipment {
            field: Some(field), ..
        } => (field.clone(), rejection.to_string()),
        other => return (Vec::new(), vec![format::sentence(&other.to_string())]),
    };
    let errors = vec![FieldError { field, message }];
    let general = general(action, &errors);
    (errors, general)
}

#[expect(
    clippy::too_many_arguments,
    reason = "it is the page's fields, in one place"
)]
fn page(
    visit: &Visit,
    action: &'static Action,
    fields: Vec<Shown>,
    wrong: Vec<String>,
    preview: Option<Preview>,
    next: String,
    id: String,
    status: StatusCode,
) -> Result<Response, Failed> {
    let page = ActionPage {
        frame: Frame::new(visit, Place::Elsewhere, action.title),
        action,
        fields,
        wrong,
        preview,
        next,
        id,
    };
    Ok((status, Html(page.render()?)).into_response())
}

/// An idempotency key that no other form has: its request's id, and a count.
pub(crate) fn new_id(visit: &Visit) -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let next = NEXT.fetch_add(1, Ordering::Relaxed);
    let millis = visit.now.as_millisecond();
    format!("page-{}-{millis:x}-{next:x}", visit.request_id)
}

/// Where one goes back to, with what was done.
fn with_done(next: &str, done: &str) -> String {
    let (path, query) = next.split_once('?').unwrap_or((next, ""));
    Params::read(query).with("done", Some(done)).url(path)
}

#[cfg(test)]
#[path = "actions/tests.rs"]
mod tests;
