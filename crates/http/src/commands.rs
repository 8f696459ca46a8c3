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
use landfall_service::{Done, Failure, Reply, wire};
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
    carry_out(context, &parts, body::id(&json, kind)?, command(fields)).await
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
    run(context, parts, request).await
}

/// Carries out a command, and answers as its own route does.
pub(crate) async fn run(
    context: &Context,
    parts: &Parts,
    request: landfall_service::Request,
) -> Answer {
    let creates = matches!(
        request.command,
        Command::CreateBatch(_)
            | Command::CreateShipment(_)
            | Command::PlaceOrder(_)
            | Command::Allocate(_)
    );
    let done = hand_in(context, parts, request).await?;
    respond(&done, creates)
}

/// Hands a command to the engine, and waits for its end. Where the keys have changed meanwhile, and the caller may
/// still come in, it is handed in again.
pub(crate) async fn hand_in(
    context: &Context,
    parts: &Parts,
    mut request: landfall_service::Request,
) -> landfall_service::Answer {
    let known = Known::of(&parts.extensions);
    let origin = known.and_then(Known::origin);
    request.let_in_by = known.and_then(|known| known.let_in_by);
    if let (Some(known), Some(id)) = (known, &request.id) {
        known.notes.is_about(id.clone());
    }
    let mut answer = context.app.bus.handle_from(origin.clone(), request).await;
    if let Err(Failure::KeysChanged(request)) = &mut answer
        && let Ok(caller) = known::caller(&parts.extensions)
        && door::may_stay(&context.app.door, caller).await.is_ok()
    {
        // That was a look.
        request.let_in_by = None;
        answer = context.app.bus.handle_from(origin, *request.clone()).await;
    }
    // Whoever is not heard by the engine, at the door there is a look before he is told so.
    if let (Some(known), Ok(_) | Err(Failure::Rejected(_))) = (known, &answer) {
        known.notes.see();
    }
    answer
}

fn respond(done: &Done, creates: bool) -> Answer {
    let status = if done.created {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    let mut response = match &done.reply {
        Reply::Batch(batch) => answers::json(status, batch)?,
        Reply::Shipment(shipment) => answers::json(status, shipment)?,
        Reply::Line(line) => answers::json(status, line)?,
        Reply::Order(order) => answers::json(status, order)?,
    };
    if creates {
        let (list, name) = match &done.reply {
            Reply::Batch(batch) => ("/v1/batches/", batch.reference.as_str()),
            Reply::Shipment(shipment) => ("/v1/shipments/", shipment.reference.as_str()),
            Reply::Line(line) => ("/v1/orders/", line.order_id.as_str()),
            Reply::Order(order) => ("/v1/orders/", order.order_id.as_str()),
        };
        let location = [list, &segment(name)].concat();
        if let Ok(location) = HeaderValue::try_from(location) {
            response.headers_mut().insert(LOCATION, location);
        }
    }
    Ok(response)
}
