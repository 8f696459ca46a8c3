//! What of each batch of a shipment was counted: a field for each.
//!
//! A field is named after its batch, as it is, and so is what the command finds wrong with it: `counts.B-17`.

use std::collections::{HashMap, HashSet};

use jiff::civil::Date;
use landfall_domain::{BatchRef, Event, ShipmentRef};
use landfall_service::resources::BatchResource;
use landfall_service::views::{Thing, ViewError, Views};
use landfall_service::wire::FieldError;
use serde_json::{Map, Value, json};

use super::Action;
use super::fields::{Kind, no_number, said, whole};
use super::shown::Shown;
use crate::format;
use crate::params::Params;

/// A shipment with more batches has no field for each: what differs is typed line by line.
const BATCHES: usize = 200;
/// Events among which is looked whether a batch was counted before.
const LOOKED_AT: usize = 1_000;
/// What the name of a batch's field begins with.
const FIELD: &str = "counts.";

/// A batch and the field for its count.
pub(crate) struct Count {
    pub(crate) reference: String,
    /// What is aboard; none where the shipment has no such batch.
    pub(crate) aboard: Option<Aboard>,
    pub(crate) value: String,
    pub(crate) wrong: Option<String>,
}

impl Count {
    /// The name of its field.
    pub(crate) fn name(&self) -> String {
        name(&self.reference)
    }
}

/// The name of a batch's field.
pub(super) fn name(batch: &str) -> String {
    format!("{FIELD}{batch}")
}

/// What is expected of a batch.
#[derive(Clone)]
pub(crate) struct Aboard {
    pub(crate) sku: String,
    pub(crate) units: u64,
    /// Whether these units were counted: it was received before.
    pub(crate) counted: bool,
}

/// Whether an action counts batches.
fn has_counts(action: &Action) -> bool {
    let mut fields = action.fields.iter();
    fields.any(|field| field.kind == Kind::Counts)
}

/// The names of the fields of batches, of all that is said.
pub(super) fn names<'a>(action: &Action, params: &'a Params) -> Vec<&'a str> {
    let names = params.names().filter(|name| name.starts_with(FIELD));
    names.filter(|_| has_counts(action)).collect()
}

/// The fields of batches that were filled in: the batch and what is said of it.
pub(super) fn given(action: &Action, params: &Params) -> Vec<(String, String)> {
    if !has_counts(action) {
        return Vec::new();
    }
    let fields = params.others(&[]).into_iter();
    let counts = fields.filter_map(|(name, text)| {
        let text = text.trim();
        let batch = name.strip_prefix(FIELD)?;
        (!text.is_empty()).then(|| (batch.to_owned(), text.to_owned()))
    });
    counts.collect()
}

/// Reads what is said of each batch, besides what was typed line by line.
pub(super) fn read(
    given: Vec<(String, String)>,
    counts: &mut Map<String, Value>,
    errors: &mut Vec<FieldError>,
) {
    for (batch, text) in given {
        let field = name(&batch);
        let message = match whole(&text) {
            None => no_number(&text),
            Some(units) => match counts.insert(batch, json!(units)) {
                None => continue,
                Some(_) => "is counted twice: say it once".into(),
            },
        };
        errors.push(FieldError { field, message });
    }
}

/// The fields that were filled in, each with what is wrong with it.
pub(super) fn filled_in(given: Vec<(String, String)>, errors: &[FieldError]) -> Vec<Count> {
    let errors = errors.iter().rev();
    let errors: HashMap<_, _> = errors
        .map(|error| (error.field.as_str(), &error.message))
        .collect();
    let mut seen = HashSet::new();
    let mut given = given;
    given.retain(|(reference, _)| seen.insert(reference.clone()));
    let counts = given.into_iter().map(|(reference, value)| {
        let wrong = errors.get(name(&reference).as_str());
        Count {
            wrong: wrong.map(|message| format::sentence(message)),
            reference,
            aboard: None,
            value,
        }
    });
    counts.collect()
}

/// The batches of the shipment that a form is about; none where it is about something else, or has too many.
pub(super) async fn cargo(
    views: &dyn Views,
    action: &Action,
    shipment: &str,
    today: Date,
) -> Result<Vec<(BatchRef, Aboard)>, ViewError> {
    let Some(reference) = shipment.parse().ok().filter(|_| has_counts(action)) else {
        return Ok(Vec::new());
    };
    let shipment = views.shipment(&reference, today).await?;
    let batches = shipment.and_then(|shipment| shipment.batches);
    let batches = batches.filter(|batches| batches.len() <= BATCHES);
    let batches = batches.unwrap_or_default();
    let counted = counted(views, reference, &batches).await?;
    let aboard = batches.into_iter().map(|batch| {
        let aboard = Aboard {
            sku: batch.sku.to_string(),
            units: batch.purchased,
            counted: counted.get(&batch.reference) == Some(&true),
        };
        (batch.reference, aboard)
    });
    let mut aboard: Vec<_> = aboard.collect();
    aboard.sort_by_key(|(_, aboard)| aboard.counted);
    Ok(aboard)
}

/// Which batches were counted before, as far as the last events tell: no longer, where one is expected anew.
async fn counted(
    views: &dyn Views,
    shipment: ShipmentRef,
    batches: &[BatchResource],
) -> Result<HashMap<BatchRef, bool>, ViewError> {
    let mut last = HashMap::new();
    if batches.iter().all(|batch| batch.eta.is_some()) {
        return Ok(last);
    }
    let events = views.latest(&Thing::Shipment(shipment), LOOKED_AT).await?;
    for record in events.unwrap_or_default() {
        let (batch, is_counted) = match record.event {
            Event::BatchReceived { reference, .. } => (reference, true),
            Event::BatchEtaChanged {
                reference,
                to: Some(_),
                ..
            } => (reference, false),
            _ => continue,
        };
        last.entry(batch).or_insert(is_counted);
    }
    Ok(last)
}

/// The shipment of which a form counts the batches.
pub(super) fn shipment<'a>(action: &Action, form: &'a Params) -> &'a str {
    let mut fields = action.fields.iter();
    fields
        .find(|field| field.names)
        .map_or("", |field| said(field, form))
}

/// Gives each batch its field, in a form in which nothing is typed line by line.
pub(super) fn give_fields(fields: &mut [Shown], cargo: &[(BatchRef, Aboard)]) {
    let counts = fields
        .iter_mut()
        .find(|shown| shown.field.kind == Kind::Counts);
    let Some(shown) = counts.filter(|shown| shown.value.is_empty() && !cargo.is_empty()) else {
        return;
    };
    shown.asked = false;
    let mut filled = std::mem::take(&mut shown.counts);
    for (reference, aboard) in cargo {
        let at = filled
            .iter()
            .position(|count| count.reference == reference.as_str());
        let count = at.map(|at| filled.remove(at));
        let (value, wrong) =
            count.map_or_else(Default::default, |count| (count.value, count.wrong));
        shown.counts.push(Count {
            reference: reference.to_string(),
            aboard: Some(aboard.clone()),
            value,
            wrong,
        });
    }
    // What is no batch of the shipment can be taken out.
    shown.counts.extend(filled);
}
