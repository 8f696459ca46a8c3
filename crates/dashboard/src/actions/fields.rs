//! The fields of forms, and the JSON that is made of them.

use std::collections::HashSet;

use landfall_service::wire::FieldError;
use serde_json::{Map, Value, json};

use super::Action;
use crate::params::Params;

/// A field of a form; the name is the command's own.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) label: &'static str,
    pub(crate) kind: Kind,
    /// Whether it has to be filled in.
    pub(crate) required: bool,
    /// Whether it says what the command is about.
    pub(crate) names: bool,
    /// What it is where nothing is said.
    pub(crate) first: &'static str,
    pub(crate) help: &'static str,
}

/// What a field takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Words.
    Text,
    /// A whole number.
    Whole,
    /// A day.
    Day,
    /// A day, or none, which means something as well.
    DayOrNone,
    /// One of these: value and label.
    Choice(&'static [(&'static str, &'static str)]),
    /// Yes or no.
    Flag,
    /// Names with commas between them.
    Names,
    /// One line of an order in each line of text: SKU and quantity.
    Lines,
    /// One batch in each line of text: reference and count.
    Counts,
}

/// A field with words, which may be left out.
pub(crate) const fn field(name: &'static str, label: &'static str, kind: Kind) -> Field {
    Field {
        name,
        label,
        kind,
        required: false,
        names: false,
        first: "",
        help: "",
    }
}

impl Field {
    pub(crate) const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// It says what the command is about.
    pub(crate) const fn names(mut self) -> Self {
        self.names = true;
        self.required = true;
        self
    }

    pub(crate) const fn first(mut self, first: &'static str) -> Self {
        self.first = first;
        self
    }

    pub(crate) const fn help(mut self, help: &'static str) -> Self {
        self.help = help;
        self
    }

    /// What a browser calls its input.
    pub(crate) const fn input(&self) -> &'static str {
        match self.kind {
            Kind::Day | Kind::DayOrNone => "date",
            _ => "text",
        }
    }

    pub(crate) const fn is_whole(&self) -> bool {
        matches!(self.kind, Kind::Whole)
    }

    /// What the box says that makes a day none.
    pub(crate) const fn none(&self) -> Option<&'static str> {
        match self.kind {
            Kind::DayOrNone => Some(self.help),
            _ => None,
        }
    }

    pub(crate) const fn is_flag(&self) -> bool {
        matches!(self.kind, Kind::Flag)
    }

    pub(crate) const fn choices(&self) -> Option<&'static [(&'static str, &'static str)]> {
        match self.kind {
            Kind::Choice(choices) => Some(choices),
            _ => None,
        }
    }
}

/// The name of the box that says that a day is none, on purpose: an empty field alone says nothing.
pub(crate) fn none_of(field: &Field) -> String {
    format!("{}_none", field.name)
}

/// The command's JSON. What only a form can have wrong is said here; the rest is the command's to say.
pub(crate) fn json(action: &Action, form: &Params) -> Result<Value, Vec<FieldError>> {
    let mut errors = Vec::new();
    let mut object = Map::new();
    object.insert("type".into(), json!(action.command));
    for field in action.fields {
        // As it was typed: spaces at the ends are nobody's name.
        let text = form.get(field.name).unwrap_or_default().trim();
        let value = match (field.kind, text) {
            (Kind::DayOrNone, "") if form.get(&none_of(field)) == Some("true") => Some(Value::Null),
            (Kind::DayOrNone, "") => {
                errors.push(wrong(field, "is missing: give a day, or say that there is none"));
                None
            }
            (_, "") => None,
            (Kind::Text | Kind::Day | Kind::DayOrNone | Kind::Choice(_), text) => Some(json!(text)),
            (Kind::Flag, text) => Some(json!(text == "true")),
            (Kind::Whole, text) => Some(whole(text)),
            (Kind::Names, text) => {
                let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
                Some(Value::Array(names.map(|name| json!(name)).collect()))
            }
            (Kind::Lines, text) => pairs(text, "a SKU and a quantity, as in LAMP 2")
                .map(|pairs| {
                    let line = |(sku, quantity): (&str, &str)| json!({"sku": sku, "quantity": whole(quantity)});
                    Value::Array(pairs.into_iter().map(line).collect())
                })
                .map_err(|message| errors.push(wrong(field, &message)))
                .ok(),
            (Kind::Counts, text) => pairs(text, "a batch and a count, as in B-17 40")
                .map(|pairs| {
                    let count = |(batch, count): (&str, &str)| (batch.to_owned(), whole(count));
                    Value::Object(pairs.into_iter().map(count).collect())
                })
                .map_err(|message| errors.push(wrong(field, &message)))
                .ok(),
        };
        if let Some(value) = value {
            object.insert(field.name.into(), value);
        }
    }
    if errors.is_empty() {
        Ok(Value::Object(object))
    } else {
        Err(errors)
    }
}

/// A number as people type it, with marks between thousands; what is none stays text, and the command says so.
fn whole(text: &str) -> Value {
    let digits: String = text
        .chars()
        .filter(|c| !matches!(c, ',' | ' ' | '\u{a0}' | '\u{202f}' | '\''))
        .collect();
    digits
        .parse::<u64>()
        .map_or_else(|_| json!(text), |number| json!(number))
}

/// A name and a number in each line that is not empty: the last word, and all before it. Or what is wrong: a line
/// without them, or a name in two lines, of which one would be lost.
fn pairs<'a>(text: &'a str, what: &str) -> Result<Vec<(&'a str, &'a str)>, String> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let mut names = HashSet::new();
    lines
        .map(|line| {
            let pair = line.rsplit_once(char::is_whitespace);
            let (name, number) =
                pair.ok_or_else(|| format!("has a line \"{line}\" that is not {what}"))?;
            let name = name.trim_end_matches([',', ';', ' ', '\t']);
            if !names.insert(name) {
                return Err(format!(
                    "has \"{name}\" in two lines: put its units into one"
                ));
            }
            Ok((name, number))
        })
        .collect()
}

fn wrong(field: &Field, message: &str) -> FieldError {
    FieldError {
        field: field.name.into(),
        message: message.into(),
    }
}
