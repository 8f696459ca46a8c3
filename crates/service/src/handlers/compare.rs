//! Repeats: a command for something that exists is compared with what was first accepted.

use std::fmt::Display;

use landfall_domain::rejection::Difference;
use landfall_domain::{Location, Rejection, Terms};

/// Collects the fields in which a repeat differs.
#[derive(Default)]
pub(super) struct Comparison {
    differences: Vec<Difference>,
}

impl Comparison {
    /// A field that both have.
    pub(super) fn text(&mut self, field: &str, accepted: impl Display, given: impl Display) {
        let (accepted, given) = (accepted.to_string(), given.to_string());
        if accepted != given {
            self.differences.push(Difference {
                field: field.into(),
                accepted,
                given,
            });
        }
    }

    /// A field that either may lack.
    pub(super) fn option<T: Display>(
        &mut self,
        field: &str,
        accepted: Option<&T>,
        given: Option<&T>,
    ) {
        let say = |value: Option<&T>| value.map_or_else(|| "null".to_owned(), T::to_string);
        self.text(field, say(accepted), say(given));
    }

    /// A field that is a word of a small list.
    fn word<T: serde::Serialize + PartialEq>(&mut self, field: &str, accepted: &T, given: &T) {
        if accepted != given {
            let say = |value: &T| match serde_json::to_value(value) {
                Ok(serde_json::Value::String(word)) => word,
                other => other.map(|value| value.to_string()).unwrap_or_default(),
            };
            self.text(field, say(accepted), say(given));
        }
    }

    /// All terms of a line; `prefix` is put before each field's name.
    pub(super) fn terms(&mut self, prefix: &str, accepted: &Terms, given: &Terms) {
        if accepted == given {
            return;
        }
        let field = |name: &str| format!("{prefix}{name}");
        self.text(&field("quantity"), accepted.quantity, given.quantity);
        let dates = (
            accepted.requested_date.as_ref(),
            given.requested_date.as_ref(),
        );
        self.option(&field("requested_date"), dates.0, dates.1);
        self.text(
            &field("priority"),
            accepted.priority.get(),
            given.priority.get(),
        );
        self.word(&field("policy"), &accepted.policy, &given.policy);
        self.text(&field("split"), accepted.split, given.split);
        self.word(&field("if_short"), &accepted.if_short, &given.if_short);
        let list = |locations: &[Location]| {
            let names: Vec<&str> = locations.iter().map(Location::as_str).collect();
            format!("[{}]", names.join(", "))
        };
        self.text(
            &field("locations"),
            list(&accepted.locations),
            list(&given.locations),
        );
    }

    /// A word of a small list, for other comparisons.
    pub(super) fn same_word<T: serde::Serialize + PartialEq>(
        &mut self,
        field: &str,
        accepted: &T,
        given: &T,
    ) {
        self.word(field, accepted, given);
    }

    /// A conflict, if anything differs.
    pub(super) fn finish(self, what: impl FnOnce() -> String) -> Result<(), Rejection> {
        if self.differences.is_empty() {
            Ok(())
        } else {
            Err(Rejection::Conflict {
                what: what(),
                differences: self.differences,
            })
        }
    }
}
