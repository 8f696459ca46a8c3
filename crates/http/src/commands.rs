//! The routes that carry out one command each.

pub(crate) mod batches;
pub(crate) mod orders;
pub(crate) mod shipments;

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{HeaderValue, LOCATION};
use axum::http::request::Parts;
use axum::http::{Response, StatusCode};
use landfall_domain::{Command, CommandId};
use landfall_service::answer::Bare;
use landfall_service::{CarriedOut, Failure, wire};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::known::{self, Known};
use crate::paths::segment;
use crate::problems::Problem;
use crate::{Context, answers, body, door, query};

type Answer = Result<Response<Body>, Problem>;

/// A command whose body is all that it needs.
async fn create<T: DeserializeOwned>(
    context: &Context,
    request: Request,
    kind: &'static str,
    command: fn(T) -> Command,
) -> Answer {
    let (parts, body) = request.into_parts();
    query::none(parts.uri.query())?;
    let whole = body::json(context, &parts, body).await?;
    let fields = wire::read_owned::<T>(&whole.bytes).map_err(Problem::of_fields)?;
    carry_out(
        context,
        &parts,
        &whole.bytes,
        body::id(&whole.bytes, kind)?,
        command(fields),
    )
    .await
}

/// A command of which the path says a part. The body may say it too, and must then say the same.
async fn change<T: DeserializeOwned>(
    context: &Context,
    names: &[(&'static str, String)],
    request: Request,
    kind: &'static str,
    command: fn(T) -> Command,
) -> Answer {
    let (parts, body) = request.into_parts();
    query::none(parts.uri.query())?;
    let whole = body::json(context, &parts, body).await?;
    let json = with_names(&whole.bytes, names)?;
    let fields = wire::read_owned::<T>(&json).map_err(Problem::of_fields)?;
    let id = body::id(&json, kind)?;
    carry_out(context, &parts, &json, id, command(fields)).await
}

/// The body's object with the path's names in it.
fn with_names(bytes: &[u8], names: &[(&'static str, String)]) -> Result<Vec<u8>, Problem> {
    let mut object: Map<String, Value> = if bytes.is_empty() {
        Map::new()
    } else {
        wire::read(bytes).map_err(Problem::of_fields)?
    };
    for (field, name) in names {
        match object.insert((*field).to_owned(), Value::String(name.clone())) {
            None => {}
            Some(Value::String(same)) if same == *name => {}
            Some(other) => {
                let message = format!("is {other}, and the path says {name}: leave it out");
                return Err(Problem::ill_formed(*field, message));
            }
        }
    }
    serde_json::to_vec(&object).map_err(|error| Problem::internal(error.to_string()))
}

async fn carry_out(
    context: &Context,
    parts: &Parts,
    json: &[u8],
    id: Option<CommandId>,
    command: Command,
) -> Answer {
    let id = body::one_id(body::idempotency_key(&parts.headers)?, id)?;
    let request = landfall_service::Request {
        id,
        actor: known::caller(&parts.extensions)?.actor(),
        let_in_by: None,
        command,
    };
    run(context, parts, request, json).await
}

/// Carries out a command, and answers as its own route does. `json` is the object that it was read from.
pub(crate) async fn run(
    context: &Context,
    parts: &Parts,
    request: landfall_service::Request,
    json: &[u8],
) -> Answer {
    let location = location(&request.command);
    let carried_out = hand_in(context, parts, request, Some(json)).await?;
    respond(carried_out, location)
}

/// Hands a command to the engine, and waits for its end. Where the keys have changed meanwhile, and the caller may
/// still come in, it is handed in again. `json` is the object that it was read from, if it has one.
pub(crate) async fn hand_in(
    context: &Context,
    parts: &Parts,
    mut request: landfall_service::Request,
    json: Option<&[u8]>,
) -> Result<CarriedOut, Failure> {
    let known = Known::of(&parts.extensions);
    let origin = known.and_then(Known::origin);
    request.let_in_by = known.and_then(|known| known.let_in_by);
    if let (Some(known), Some(id)) = (known, &request.id) {
        known.notes.is_about(id.clone());
    }
    let bus = &context.app.bus;
    let mut answer = bus.carry_out(origin.clone(), request, json).await;
    if let Err(Failure::KeysChanged(request)) = &mut answer
        && let Ok(caller) = known::caller(&parts.extensions)
        && door::may_stay(&context.app.door, caller).await.is_ok()
    {
        // That was a look.
        request.let_in_by = None;
        answer = bus.carry_out(origin, *request.clone(), json).await;
    }
    // Whoever is not heard by the engine, at the door there is a look before he is told so.
    if let (Some(known), Ok(_) | Err(Failure::Rejected(_))) = (known, &answer) {
        known.notes.see();
    }
    answer
}

/// Where the resource is that a command creates.
fn location(command: &Command) -> Option<HeaderValue> {
    let (list, name) = match command {
        Command::CreateBatch(create) => ("/v1/batches/", create.reference.as_str()),
        Command::CreateShipment(create) => ("/v1/shipments/", create.reference.as_str()),
        Command::Allocate(allocate) => ("/v1/orders/", allocate.order_id.as_str()),
        Command::PlaceOrder(place) => ("/v1/orders/", place.order_id.as_str()),
        _ => return None,
    };
    HeaderValue::try_from([list, &segment(name)].concat()).ok()
}

fn respond(carried_out: CarriedOut, location: Option<HeaderValue>) -> Answer {
    let status = |created| {
        if created {
            StatusCode::CREATED
        } else {
            StatusCode::OK
        }
    };
    let mut response = match carried_out {
        CarriedOut::Here(done) => answers::json(status(done.created), &Bare(&done.reply))?,
        CarriedOut::There(there) => {
            answers::bytes(status(there.created), answers::JSON, there.resource)
        }
    };
    if let Some(location) = location {
        response.headers_mut().insert(LOCATION, location);
    }
    Ok(response)
}
