//! A form's fields as a page shows them, each with what is wrong with it.

use std::collections::HashSet;

use landfall_service::wire::FieldError;

use super::Action;
use super::counts::{self, Count};
use super::fields::{self, Field, Kind, given_of, said};
use crate::format;
use crate::params::Params;

/// How many errors are told at one field: an order with a column too many is wrong in each line.
const TOLD: usize = 5;

/// A field as it is shown.
pub(crate) struct Shown {
    pub(crate) field: &'static Field,
    pub(crate) value: String,
    pub(crate) wrong: Option<String>,
    /// The box that makes a day none: its name, its words, whether it is ticked.
    pub(crate) none: Option<(String, &'static str, bool)>,
    /// What the form's address gave it: the name of the hidden field that says so, and its value.
    pub(crate) given: Option<(String, String)>,
    /// Whether it has an input of its own.
    pub(crate) asked: bool,
    /// An input for each batch that is counted.
    pub(crate) counts: Vec<Count>,
    /// It says which of the things that are there is acted on, and the address gave it: it is shown and not asked for.
    pub(crate) locked: bool,
}

impl Shown {
    pub(crate) fn is_wide(&self) -> bool {
        is_wide(self.field)
    }
}

fn is_wide(field: &Field) -> bool {
    matches!(field.kind, Kind::Lines | Kind::Counts)
}

/// The fields of a form that an address leads to: what is there was given by it.
pub(super) fn asked_for(action: &'static Action, address: &Params) -> Vec<Shown> {
    let fields = action.fields.iter().map(|field| {
        let given = address.get(field.name).map(str::to_owned);
        shown(action, field, address, given, &[])
    });
    fields.collect()
}

/// Bytes of an address that every browser and proxy takes.
const ADDRESS: usize = 4_000;

/// Where a form is with what was filled in; none where that is too much for an address.
pub(super) fn address(action: &Action, form: &Params, next: Option<&str>) -> Option<String> {
    let none = |field: &Field| {
        let name = fields::none_of(field);
        let ticked = form.get(&name).map(str::to_owned);
        ticked.map(|value| (name, value))
    };
    let fields = action.fields.iter().flat_map(|field| {
        let value = Some(said(field, form)).filter(|value| !value.is_empty());
        let value = value.map(|value| (field.name.to_owned(), value.to_owned()));
        [value, none(field)]
    });
    let counts = counts::given(action, form).into_iter();
    let counts = counts.map(|(batch, units)| (counts::name(&batch), units));
    let next = next.map(|next| ("next".to_owned(), next.to_owned()));
    let said = fields.flatten().chain(counts).chain(next);
    let said = said.fold(Params::default(), |said, (name, value)| {
        said.and(&name, &value)
    });
    let address = said.url(&format!("/do/{}", action.command));
    Some(address).filter(|address| address.len() <= ADDRESS)
}

/// The fields of a form that was filled in.
pub(super) fn filled_in(
    action: &'static Action,
    form: &Params,
    errors: &[FieldError],
) -> Vec<Shown> {
    let fields = action.fields.iter().map(|field| {
        let given = form.get(&given_of(field)).map(str::to_owned);
        shown(action, field, form, given, errors)
    });
    fields.collect()
}

fn shown(
    action: &Action,
    field: &'static Field,
    form: &Params,
    given: Option<String>,
    errors: &[FieldError],
) -> Shown {
    let value = match form.get(field.name) {
        None => field.first,
        // Its lines are counted.
        Some(text) if is_wide(field) => text,
        Some(text) if given.as_deref() == Some(text) => text,
        Some(_) => said(field, form),
    };
    let counts = match field.kind {
        Kind::Counts => counts::filled_in(counts::given(action, form), errors),
        _ => Vec::new(),
    };
    let told: HashSet<_> = counts.iter().map(Count::name).collect();
    let errors = errors.iter().filter(|error| !told.contains(&error.field));
    let wrong = wrong(field, value, errors);
    let unchanged = given.as_deref() == Some(value);
    Shown {
        value: value.to_owned(),
        locked: action.acts_on(field) && unchanged && wrong.is_none(),
        given: given.map(|given| (given_of(field), given)),
        wrong,
        asked: true,
        counts,
        none: field.none().map(|words| {
            let name = fields::none_of(field);
            let ticked = form.get(&name) == Some("true");
            (name, words, ticked)
        }),
        field,
    }
}

/// All that is wrong with a field that says this.
fn wrong<'a>(
    field: &Field,
    value: &str,
    errors: impl Iterator<Item = &'a FieldError>,
) -> Option<String> {
    let mut errors = errors.filter(|error| is_of(&error.field, field));
    let mut told: Vec<_> = errors
        .by_ref()
        .take(TOLD)
        .map(|error| in_words(error, field, value))
        .collect();
    match errors.count() {
        0 => {}
        more => told.push(format!(
            "And {} like that.",
            format::count(more as u64, "more is", "more are")
        )),
    }
    (!told.is_empty()).then(|| told.join(" "))
}

/// What is wrong, and in which line or with which batch: `lines[1].quantity` is in line 2 of what was typed, or
/// further down where lines were left empty.
fn in_words(error: &FieldError, field: &Field, value: &str) -> String {
    let within = error.field.strip_prefix(field.name).unwrap_or_default();
    let place = within
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'));
    let place = place.and_then(|(at, rest)| Some((at.parse::<usize>().ok()?, rest)));
    let message = &error.message;
    if let Some((at, part)) = place {
        let filled = value.lines().enumerate();
        let mut filled = filled.filter(|(_, line)| !line.trim().is_empty());
        let line = filled.nth(at).map_or(at, |(line, _)| line) + 1;
        let part = match part {
            ".quantity" => "the quantity ",
            ".sku" => "the SKU ",
            _ => "",
        };
        return format::sentence(&format!("line {line}: {part}{message}"));
    }
    let Some(name) = within.strip_prefix('.') else {
        return format::sentence(message);
    };
    let of_it = |line: &str| fields::named(line) == Some(name);
    match value.lines().position(of_it) {
        Some(line) => format::sentence(&format!("line {}: {name} {message}", line + 1)),
        None => format::sentence(&format!("\"{name}\" {message}")),
    }
}

/// Whether an error's path leads to a field: `lines[1].quantity` to `lines`.
pub(super) fn is_of(path: &str, field: &Field) -> bool {
    let first = path.split(['.', '[']).next();
    first == Some(field.name)
}

/// What no field of the form is to blame for.
pub(super) fn general(action: &Action, errors: &[FieldError]) -> Vec<String> {
    let left = errors
        .iter()
        .filter(|error| !action.fields.iter().any(|field| is_of(&error.field, field)));
    left.map(|error| format::sentence(format!("{} {}", error.field, error.message).trim()))
        .collect()
}
