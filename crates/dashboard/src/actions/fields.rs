//! The fields of forms, and the JSON that is made of them.

use std::collections::HashSet;

use landfall_domain::commands::parse_day;
use landfall_service::wire::FieldError;
use serde_json::{Map, Value, json};

use super::{Action, counts};
use crate::params::Params;

/// A field of a form; the name is the command's own.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) label: &'static str,
    pub(crate) kind: Kind,
    /// Whether it has to be filled in.
    pub(crate) required: bool,
    /// Whether it says what the command is about: given by the address of the form, it is shown and not asked for,
    /// unless the command makes what it names.
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

    /// It says what the command is about, where that is more than what is said elsewhere.
    pub(crate) const fn may_name(mut self) -> Self {
        self.names = true;
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

/// The name of the hidden field that says what the form's address gave a field.
pub(crate) fn given_of(field: &Field) -> String {
    format!("{GIVEN}{}", field.name)
}

/// Whether a field of a form is such a one.
pub(crate) fn is_given(name: &str) -> bool {
    name.starts_with(GIVEN)
}

const GIVEN: &str = "given_";

/// What a field says. Spaces at the ends of what people type are nobody's name; but a name may have some, and what
/// the form's own address gave, and nobody has changed since, is meant as it is: or one thing would be shown and
/// another acted on.
pub(crate) fn said<'a>(field: &Field, form: &'a Params) -> &'a str {
    let text = form.get(field.name).unwrap_or_default();
    if form.get(&given_of(field)) == Some(text) {
        text
    } else {
        text.trim()
    }
}

/// The command's JSON, as far as the form can be read, and what the form itself can know to be wrong, all of it at
/// once; the rest is the command's to say. Where a number in a line cannot be read another stands for it.
pub(crate) fn json(action: &Action, form: &Params) -> (Map<String, Value>, Vec<FieldError>) {
    let mut errors = Vec::new();
    let mut object = Map::new();
    object.insert("type".into(), json!(action.command));
    for field in action.fields {
        let text = said(field, form);
        let none = form.get(&none_of(field)) == Some("true");
        let value = match field.kind {
            Kind::Lines | Kind::Counts if !text.is_empty() => {
                Some(entries(field, text, &mut errors))
            }
            _ => value(field, text, none).unwrap_or_else(|message| {
                errors.push(wrong(field, "", message));
                None
            }),
        };
        let value = match field.kind {
            Kind::Counts => all_counts(value, counts::given(action, form), &mut errors),
            _ => value,
        };
        object.extend(value.map(|value| (field.name.to_owned(), value)));
    }
    (object, errors)
}

fn wrong(field: &Field, at: &str, message: String) -> FieldError {
    FieldError {
        field: format!("{}{at}", field.name),
        message,
    }
}

/// What a field's lines of text say, as far as they can be read.
fn entries(field: &Field, text: &str, errors: &mut Vec<FieldError>) -> Value {
    let mut wrong = |at: &str, message: String| errors.push(wrong(field, at, message));
    if field.kind == Kind::Counts {
        let pairs = pairs(text, "a batch and a count, as in B-17 40", "", &mut wrong);
        let count = |(batch, count): (&str, u64)| (batch.to_owned(), json!(count));
        return Value::Object(pairs.into_iter().flatten().map(count).collect());
    }
    let what = "a SKU and a quantity, as in LAMP 2";
    let pairs = pairs(text, what, ".quantity", &mut wrong);
    // A line that cannot be read keeps its place.
    let line = |(sku, quantity): (&str, u64)| json!({"sku": sku, "quantity": quantity});
    let lines = pairs.into_iter().map(|pair| line(pair.unwrap_or(("x", 1))));
    lines.collect()
}

/// The counts that were typed line by line, and those that stand in fields of their own; none where there are none.
fn all_counts(
    lines: Option<Value>,
    given: Vec<(String, String)>,
    errors: &mut Vec<FieldError>,
) -> Option<Value> {
    let mut all = match lines {
        Some(Value::Object(lines)) => lines,
        _ => Map::new(),
    };
    counts::read(given, &mut all, errors);
    (!all.is_empty()).then_some(Value::Object(all))
}

/// The value of a field that is not read line by line; none where nothing is said. `none`: the box is ticked that
/// makes a day none.
fn value(field: &Field, text: &str, none: bool) -> Result<Option<Value>, String> {
    if text.is_empty() {
        return match field.kind {
            Kind::DayOrNone if none => Ok(Some(Value::Null)),
            Kind::DayOrNone => Err("is missing: give a day, or say that there is none".into()),
            _ if field.required => Err("is missing".into()),
            _ => Ok(None),
        };
    }
    let value = match field.kind {
        Kind::Text | Kind::Choice(_) | Kind::Lines | Kind::Counts => json!(text),
        Kind::Day | Kind::DayOrNone => {
            parse_day(text).map_err(|bad| bad.to_string())?;
            json!(text)
        }
        Kind::Flag => json!(text == "true"),
        Kind::Whole => {
            let number = whole(text).ok_or_else(|| no_number(text))?;
            json!(number)
        }
        Kind::Names => {
            let names = text
                .split(',')
                .map(str::trim)
                .filter(|name| !name.is_empty());
            names.map(|name| json!(name)).collect()
        }
    };
    Ok(Some(value))
}

/// A number as people type it, perhaps with one kind of mark between its thousands. Anything else is none: `1,5` is
/// no 15.
pub(crate) fn whole(text: &str) -> Option<u64> {
    const MARKS: [char; 6] = [',', ' ', '\u{a0}', '\u{202f}', '\'', '’'];
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let number = match text.chars().find(|c| MARKS.contains(c)) {
        None => text.to_owned(),
        Some(mark) => {
            let mut groups = text.split(mark);
            let first = groups.next()?;
            let rest: Vec<_> = groups.collect();
            // 0,500 is most likely a half.
            if !matches!(first.len(), 1..=3) || first.starts_with('0') {
                return None;
            }
            if rest.iter().any(|group| group.len() != 3) {
                return None;
            }
            format!("{first}{}", rest.concat())
        }
    };
    // The command says how large a number may be: this is larger.
    digits(&number).then(|| number.parse().unwrap_or(u64::MAX))
}

pub(super) fn no_number(text: &str) -> String {
    format!("must be a whole number, and is \"{text}\"")
}

/// A name and a number in each line that is not empty: the last word, and all before it; none where a line has not
/// both. All that is wrong goes to `wrong`: such lines, what is no number, which counts as 1, and names in two lines, of
/// which one would be lost. `number`: the path of the number in an entry.
///
/// Between the two there may be a comma or semicolon, as in what is copied from a table: a name that ends in one is
/// written with another.
fn pairs<'a>(
    text: &'a str,
    what: &str,
    number: &str,
    wrong: &mut impl FnMut(&str, String),
) -> Vec<Option<(&'a str, u64)>> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let mut names = HashSet::new();
    let mut read = |(at, line)| {
        let Some((name, units)) = pair(line) else {
            wrong(&format!("[{at}]"), format!("\"{line}\" is not {what}"));
            return None;
        };
        if !names.insert(name) {
            let message = format!("has \"{name}\" in two lines: put its units into one");
            wrong("", message);
        }
        let units = whole(units).unwrap_or_else(|| {
            wrong(&format!("[{at}]{number}"), no_number(units));
            1
        });
        Some((name, units))
    };
    lines.enumerate().map(&mut read).collect()
}

/// A line's name and what follows it.
fn pair(line: &str) -> Option<(&str, &str)> {
    let (name, units) = line.trim().rsplit_once(is_between)?;
    let name = name.trim_end();
    let name = name.strip_suffix([',', ';']).unwrap_or(name).trim_end();
    Some((name, units))
}

/// The name in a line that has a name and a number.
pub(super) fn named(line: &str) -> Option<&str> {
    pair(line).map(|(name, _)| name)
}

/// Whether this stands between a name and a number. Spaces that do not break may be within a number.
fn is_between(c: char) -> bool {
    c.is_whitespace() && !matches!(c, '\u{a0}' | '\u{202f}')
}
