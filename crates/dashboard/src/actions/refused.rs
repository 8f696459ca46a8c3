//! Why a command was refused, told at the field of its form that it is about, in the form's words.

use jiff::civil::Date;
use landfall_domain::Rejection;
use landfall_domain::rejection::Difference;
use landfall_service::answer::Failure;
use landfall_service::wire::FieldError;

use super::Action;
use super::shown::general;
use crate::format;

/// A refusal, told at the field that it is about, or in general.
pub(super) fn told(action: &Action, failure: &Failure) -> (Vec<FieldError>, Vec<String>) {
    let Failure::Rejected(rejection) = failure else {
        return (Vec::new(), vec![format::sentence(&failure.to_string())]);
    };
    let Some((field, message)) = at_field(action, rejection) else {
        return (Vec::new(), vec![format::sentence(&rejection.to_string())]);
    };
    let errors = vec![FieldError { field, message }];
    let general = general(action, &errors);
    (errors, general)
}

/// The field that is to blame, and what is wrong with it; none where that is nothing that was typed.
fn at_field(action: &Action, rejection: &Rejection) -> Option<(String, String)> {
    let as_it_is = |field: &str| has(action, field).then(|| (field.into(), rejection.to_string()));
    match rejection {
        Rejection::Invalid { field, message } | Rejection::Senseless { field, message } => {
            Some((field.clone(), labelled(action, message)))
        }
        // It names the SKU itself: of `lines[1].sku` the line is to be told.
        Rejection::UnknownSku { field, .. } => {
            let whole = field.strip_suffix(".sku").unwrap_or(field);
            Some((whole.to_owned(), rejection.to_string()))
        }
        Rejection::UnknownShipment {
            field: Some(field), ..
        } => Some((field.clone(), rejection.to_string())),
        Rejection::UnknownShipment { field: None, .. } | Rejection::UnknownBatch { .. } => {
            as_it_is("reference")
        }
        Rejection::UnknownOrder { .. } => as_it_is("order_id"),
        Rejection::UnknownLine { .. } => as_it_is("line_id"),
        Rejection::BelowDispatched {
            reference,
            dispatched,
        } => {
            let field = if has(action, "counts") {
                format!("counts.{reference}")
            } else {
                "quantity".into()
            };
            let left = format::count(*dispatched, "unit that has", "units that have");
            Some((field, format!("cannot be less than the {left} left")))
        }
        Rejection::BeyondAllocated { allocated, .. } => {
            let units = format::count(*allocated, "unit that is", "units that are");
            let message = format!("cannot be more than the {units} allocated to the line");
            Some(("quantity".into(), message))
        }
        Rejection::OutOfStock { sku, quantity, .. } => {
            let field = ["quantity", "lines"].into_iter();
            let field = field.into_iter().find(|field| has(action, field))?;
            let units = format::count(*quantity, "unit", "units");
            let message =
                format!("nothing can hold {units} of {sku}: take less, or let it wait for stock");
            Some((field.into(), message))
        }
        Rejection::Conflict { what, differences } => {
            let named = action.fields.iter().find(|field| field.names)?;
            let differences = differences.iter().map(|one| difference(action, one));
            let differences: Vec<_> = differences.collect();
            let message = format!(
                "{what} is there already, and is another: {}",
                differences.join("; ")
            );
            Some((named.name.into(), message))
        }
        Rejection::NotAmendable { .. }
        | Rejection::NotInWarehouse { .. }
        | Rejection::IdReused { .. }
        | Rejection::TooMuchWork { .. } => None,
    }
}

fn has(action: &Action, field: &str) -> bool {
    action.fields.iter().any(|one| one.name == field)
}

/// In what something that is there differs from what the form says: `line 1, quantity 3 and not 2`.
fn difference(action: &Action, difference: &Difference) -> String {
    let path = &difference.field;
    let within = path.strip_prefix("lines[");
    let within = within.and_then(|rest| rest.split_once("]."));
    let within = within.and_then(|(at, name)| Some((at.parse::<usize>().ok()?, name)));
    let (line, name) = match within {
        Some((at, name)) => (format!("line {}, ", at + 1), name),
        None => (String::new(), path.as_str()),
    };
    let label = action.fields.iter().find(|field| field.name == name);
    let label = label.map_or_else(|| name.replace('_', " "), |field| field.label.to_owned());
    format!(
        "{line}{label} {} and not {}",
        value(&difference.accepted),
        value(&difference.given)
    )
}

/// A value that a command had, as people read it.
fn value(text: &str) -> String {
    match (text, text.parse::<Date>()) {
        ("null", _) => "none".into(),
        (_, Ok(day)) => format::day(day),
        (text, Err(_)) => text.to_owned(),
    }
}

/// Words about a command's fields, with their names as the form has them: `line_id` is its line.
fn labelled(action: &Action, message: &str) -> String {
    let named = action
        .fields
        .iter()
        .filter(|field| field.name.contains('_'));
    named.fold(message.to_owned(), |message, field| {
        message.replace(field.name, &field.label.to_lowercase())
    })
}
