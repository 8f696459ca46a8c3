//! What people do here: a form for each command, a look at what it would do, and then the command itself.
//!
//! A form is read into the JSON of its command and checked as everybody's is (`landfall_service::wire`), so its
//! fields are wrong in the same words as the API's. Sent once, it is a dry run and shows what would come of it; sent
//! again from there it is carried out, with an idempotency key of its own: two clicks do it once.

mod catalogue;
mod checked;
mod counts;
mod fields;
mod new_product;
mod preview;
mod refused;
mod shown;
mod unknown;
mod whither;

use std::sync::atomic::{AtomicU64, Ordering};

use askama::Template;
use axum::extract::rejection::RawFormRejection;
use axum::extract::{RawForm, State};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use landfall_domain::{Command, Rejection};
use landfall_service::access::right_to;
use landfall_service::answer::{Failure, Request};
use landfall_service::wire::{self, FieldError};
use serde_json::Value;

pub(crate) use catalogue::{Action, done_in_words};
use new_product::NewProduct;
pub(crate) use preview::{Preview, look};
use shown::Shown;

use crate::Shared;
use crate::errors::{Failed, see_other};
use crate::frame::{Frame, Place};
use crate::links;
use crate::params::Params;
use crate::paths::Name;
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

#[derive(Template)]
#[template(path = "action.html")]
struct ActionPage {
    frame: Frame,
    action: &'static Action,
    fields: Vec<Shown>,
    /// What is wrong with no field in particular.
    wrong: Vec<String>,
    preview: Option<Preview>,
    /// Where one came from, and goes back to.
    next: Option<String>,
    id: String,
    /// Whether what was looked at has changed: then one may say that no change matters.
    changed: bool,
    /// The product that it would make, which one may not have meant.
    new_product: Option<NewProduct>,
    /// Where the form is as it was filled in: a page that is loaded again still says what was typed.
    address: Option<String>,
}

impl ActionPage {
    fn new(visit: &Visit, action: &'static Action, fields: Vec<Shown>, next: Option<&str>) -> Self {
        Self {
            frame: Frame::new(visit, Place::Elsewhere, action.title),
            action,
            fields,
            wrong: Vec::new(),
            preview: None,
            next: next.map(str::to_owned),
            id: String::new(),
            changed: false,
            new_product: None,
            address: None,
        }
    }

    /// Where one goes who does nothing.
    fn back(&self) -> &str {
        self.next.as_deref().unwrap_or("/")
    }

    fn answer(&self, status: StatusCode) -> Result<Response, Failed> {
        let mut response = (status, Html(self.render()?)).into_response();
        let address = self.address.as_deref().map(HeaderValue::from_str);
        if let Some(Ok(address)) = address {
            response.headers_mut().insert("hx-push-url", address);
        }
        Ok(response)
    }
}

/// What was filled in by somebody in a form that was sent: what its address may be given.
pub(crate) fn filled(form: &Params) -> Params {
    const OURS: [&str; 4] = ["step", "id", "seen", "anyhow"];
    let ours = form
        .names()
        .filter(|name| OURS.contains(name) || fields::is_given(name));
    ours.fold(form.clone(), |rest, name| rest.with(name, None))
}

/// The form of a command.
pub(crate) async fn form(
    State(context): State<Shared>,
    Name(command): Name,
    visit: Visit,
) -> Result<Response, Failed> {
    let action = allowed(&visit, &command)?;
    let names = action.fields.iter().map(|field| field.name);
    let boxes: Vec<_> = action.fields.iter().map(fields::none_of).collect();
    let boxes = boxes.iter().map(String::as_str);
    let counts = counts::names(action, &visit.params);
    let names = names.chain(boxes).chain(["next"]).chain(counts);
    visit.asks_only(&names.collect::<Vec<_>>())?;
    let mut fields = shown::asked_for(action, &visit.params);
    let shipment = visit.params.get("reference").unwrap_or_default();
    let views = &*context.app.views;
    let cargo = counts::cargo(views, action, shipment, visit.today()).await?;
    counts::give_fields(&mut fields, &cargo);
    let next = whither::next(&visit.params);
    ActionPage::new(&visit, action, fields, next).answer(StatusCode::OK)
}

/// Why what was looked at and sent off is shown once more.
const CHANGED: &str = "Nothing has been done: it would do something else by now than was shown. \
                       This is what it would do now.";
const UNLISTED: &str = "Promises that have no room in the table were compared as well.";
const IDLE: &str = "Nothing has been done: by now it would change nothing.";
const NOT_MEANT: &str = "Nothing has been done: say first that the new product is meant.";
const NOT_SEEN: &str = "Nothing has been done: this is first what it would do.";
const NO_KEY: &str = "Nothing has been done: the form came without the key by which a second click \
                      is known. This is what it would do.";

/// A form that was filled in: what it would do, or, from there, that it is done.
///
/// What takes something from somebody (`hard`) is done only if it would still take what was looked at, as the
/// preview's digest tells: it is run dry once more, and where that comes to another digest it is shown again. From there
/// on one may say that no change matters (`anyhow`), so that nobody runs after a world that never stands still. That is a courtesy to who looked and not a
/// lock: between this look and the commit somebody else may come first. What is not `hard` is looked at once more as
/// well: what somebody else has done meanwhile is not said to be done by this form. It costs a dry run each. What this very form has done already is handed on: its answer is remembered under its key, and the
/// second click is told what the first was.
pub(crate) async fn submit(
    State(context): State<Shared>,
    Name(command): Name,
    visit: Visit,
    form: Result<RawForm, RawFormRejection>,
) -> Result<Response, Failed> {
    let RawForm(form) = form?;
    let action = allowed(&visit, &command)?;
    let form = Params::read(std::str::from_utf8(&form).unwrap_or_default());
    let next = whither::next(&form);
    let views = &*context.app.views;
    let shipment = counts::shipment(action, &form);
    let cargo = counts::cargo(views, action, shipment, visit.today()).await?;
    let page = |errors: &[FieldError]| {
        let mut fields = shown::filled_in(action, &form, errors);
        counts::give_fields(&mut fields, &cargo);
        let mut page = ActionPage::new(&visit, action, fields, next);
        page.address = shown::address(action, &form, next);
        page
    };
    let command = match read(action, &form) {
        Ok(command) => command,
        Err(mut errors) => {
            unknown::add(views, action, &form, &mut errors).await?;
            let mut page = page(&errors);
            page.wrong = shown::general(action, &errors);
            return page.answer(StatusCode::UNPROCESSABLE_ENTITY);
        }
    };
    if !visit.may(right_to(&command)) {
        return Err(forbidden(&visit));
    }
    let apply = form.get("step") == Some("apply");
    let id = form.get("id").filter(|_| apply);
    let request = Request {
        id: id.and_then(|id| id.parse().ok()),
        let_in_by: None,
        actor: visit.caller.actor(),
        command,
    };
    let page_of_it = whither::page_of(&request.command);
    let bus = &context.app.bus;
    let refused = async |failure: &Failure| {
        let status = match failure {
            Failure::Rejected(_) | Failure::Unstorable { .. } => StatusCode::CONFLICT,
            _ => StatusCode::SERVICE_UNAVAILABLE,
        };
        let (mut errors, general) = refused::told(action, failure);
        if matches!(failure, Failure::Rejected(Rejection::UnknownSku { .. })) {
            unknown::add(views, action, &form, &mut errors).await?;
        }
        let mut page = page(&errors);
        page.wrong = general;
        page.answer(status)
    };
    let preview = match look(&context, &request, visit.today()).await? {
        Ok(preview) => preview,
        Err(failure) => return refused(&failure).await,
    };
    let new_product = new_product::of(views, &request.command, |sku| {
        shown::address(action, &form.with("sku", Some(sku)), next)
    });
    let new_product = new_product.await?;
    let anyhow = form.get("anyhow").is_some();
    let shown = match (&request.id, form.get("seen")) {
        _ if !apply => Some((StatusCode::OK, None)),
        (None, _) => Some((StatusCode::UNPROCESSABLE_ENTITY, Some(NO_KEY))),
        (Some(_), _) if preview.repeated => None,
        (Some(_), _) if preview.idle => Some((StatusCode::CONFLICT, Some(IDLE))),
        (Some(_), _) if new_product.is_some() && form.get("new_product").is_none() => {
            Some((StatusCode::CONFLICT, Some(NOT_MEANT)))
        }
        (Some(_), _) if !action.hard => None,
        (Some(_), None) => Some((StatusCode::CONFLICT, Some(NOT_SEEN))),
        (Some(_), Some(seen)) if anyhow || seen == preview.seen => None,
        (Some(_), Some(_)) => Some((StatusCode::CONFLICT, Some(CHANGED))),
    };
    if let Some((status, why)) = shown {
        let mut page = page(&[]);
        page.wrong.extend(why.map(str::to_owned));
        page.changed = why == Some(CHANGED);
        if page.changed && preview.cut {
            page.wrong.push(UNLISTED.to_owned());
        }
        page.new_product = new_product.filter(|_| !preview.idle);
        page.preview = Some(preview);
        page.id = new_id(&visit);
        return page.answer(status);
    }
    let origin = Some(visit.request_id.clone());
    match bus.handle_from(origin, request).await {
        Ok(_) => {
            let done = catalogue::done(action, &form);
            let to = next.unwrap_or(&page_of_it);
            Ok(see_other(&links::list(to, &[("done", &done)])))
        }
        Err(failure) => refused(&failure).await,
    }
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

/// The command that a form makes, or all that is wrong with it.
pub(crate) fn read(action: &Action, form: &Params) -> Result<Command, Vec<FieldError>> {
    let (object, errors) = fields::json(action, form);
    if !errors.is_empty() {
        return Err(checked::with_the_commands(action, &object, errors));
    }
    let bytes = Value::Object(object.clone()).to_string();
    wire::parse(bytes.as_bytes())
        .map(|request| request.command)
        .map_err(|bad| {
            let all = checked::with_the_commands(action, &object, Vec::new());
            if all.is_empty() { bad.errors } else { all }
        })
}

/// An idempotency key that no other form has: its request's id, and a count.
pub(crate) fn new_id(visit: &Visit) -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let next = NEXT.fetch_add(1, Ordering::Relaxed);
    let millis = visit.now.as_millisecond();
    format!("page-{}-{millis:x}-{next:x}", visit.request_id)
}

#[cfg(test)]
#[path = "actions/tests.rs"]
mod tests;
