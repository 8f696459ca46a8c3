//! What if it is late? A dry run of another ETA, in the page of what would be late. The question is in the address:
//! it can be kept and sent to somebody.

use jiff::ToSpan;
use jiff::civil::Date;
use landfall_domain::commands::{ChangeBatchEta, ChangeShipmentEta};
use landfall_domain::{BatchRef, Command, ShipmentRef};
use landfall_service::access::Right;
use landfall_service::answer::Request;
use landfall_service::desk::Source;
use landfall_service::views::{ViewError, Views};
use landfall_service::wire::FieldError;

use crate::Shared;
use crate::actions::{self, Preview};
use crate::errors::Failed;
use crate::format;
use crate::links;
use crate::visit::Visit;

/// The fields of the address that ask.
pub(super) const FIELDS: [&str; 2] = ["late", "eta"];
/// Days that one may ask for, earlier or later.
const MOST: i64 = 3_650;
/// Days that are offered.
const DAYS: [i64; 4] = [3, 7, 14, 30];

/// Whether the caller may ask: who may not change supply may not.
pub(super) fn may_ask(visit: &Visit) -> bool {
    visit.caller.may(Right::Supply)
}

/// What may be late.
pub(super) enum Subject<'a> {
    Shipment(&'a ShipmentRef),
    Batch(&'a BatchRef),
}

impl<'a> From<&'a Source> for Subject<'a> {
    fn from(source: &'a Source) -> Self {
        match source {
            Source::Shipment(reference) => Self::Shipment(reference),
            Source::Batch(reference) => Self::Batch(reference),
        }
    }
}

impl Subject<'_> {
    /// Whether it is still to come: what is here cannot be late.
    pub(super) async fn is_to_come(
        &self,
        views: &dyn Views,
        today: Date,
    ) -> Result<bool, ViewError> {
        let eta = match self {
            Self::Shipment(reference) => {
                let shipment = views.shipment(reference, today).await?;
                shipment.and_then(|shipment| shipment.eta)
            }
            Self::Batch(reference) => {
                let batch = views.batch(reference, today).await?;
                batch.and_then(|batch| batch.eta)
            }
        };
        Ok(eta.is_some())
    }

    /// Where the question is asked.
    pub(super) fn question(&self) -> String {
        format!("{}#what-if", self.path())
    }

    fn reference(&self) -> &str {
        match self {
            Self::Shipment(reference) => reference.as_str(),
            Self::Batch(reference) => reference.as_str(),
        }
    }

    fn path(&self) -> String {
        match self {
            Self::Shipment(reference) => links::shipment(reference.as_str()),
            Self::Batch(reference) => links::batch(reference.as_str()),
        }
    }

    fn command(&self, eta: Date) -> Command {
        match self {
            Self::Shipment(reference) => Command::ChangeShipmentEta(ChangeShipmentEta {
                reference: (*reference).clone(),
                eta: Some(eta),
            }),
            Self::Batch(reference) => Command::ChangeBatchEta(ChangeBatchEta {
                reference: (*reference).clone(),
                eta: Some(eta),
            }),
        }
    }
}

/// The question, and what came of it.
pub(super) struct WhatIf {
    pub(super) path: String,
    /// The same question.
    pub(super) again: String,
    /// As it was filled in.
    pub(super) late: String,
    pub(super) eta: String,
    pub(super) late_wrong: Option<String>,
    pub(super) eta_wrong: Option<String>,
    /// Days that are offered, whether each is what was asked for, and its address.
    pub(super) offered: Vec<(String, bool, String)>,
    pub(super) outcome: Option<Outcome>,
}

/// What came of it.
pub(super) struct Outcome {
    pub(super) heading: String,
    pub(super) preview: Option<Preview>,
    /// Why it would not be done.
    pub(super) wrong: Option<String>,
    pub(super) apply: Option<Apply>,
}

/// How it is done.
pub(super) struct Apply {
    pub(super) command: &'static str,
    pub(super) reference: String,
    pub(super) eta: Date,
    pub(super) next: String,
    pub(super) id: String,
    /// Of what is shown of it.
    pub(super) seen: String,
}

impl WhatIf {
    /// Whether the question was wrong.
    pub(super) fn is_wrong(&self) -> bool {
        self.late_wrong.is_some() || self.eta_wrong.is_some()
    }
}

/// The question as it is in the address; none for those who may not ask. `live`: the names of what changes the answer.
pub(super) async fn ask(
    context: &Shared,
    visit: &Visit,
    subject: &Subject<'_>,
    eta: Date,
    live: &str,
) -> Result<Option<WhatIf>, Failed> {
    if !may_ask(visit) {
        return Ok(None);
    }
    let params = &visit.params;
    let mut errors: Vec<FieldError> = Vec::new();
    let day = params.day("eta", &mut errors);
    let late = params.get("late").map(|text| later(text, eta));
    let late_wrong = late.as_ref().and_then(|late| late.as_ref().err()).copied();
    let to = match (day, late) {
        (Some(day), _) | (None, Some(Ok(day))) => Some(day),
        _ => None,
    };
    let to = to.filter(|_| errors.is_empty() && late_wrong.is_none());
    let outcome = match to {
        Some(to) => {
            let mut outcome = outcome(context, visit, subject, eta, to).await?;
            if let Some(preview) = &mut outcome.preview {
                for table in &mut preview.tables {
                    live.clone_into(&mut table.live);
                }
            }
            Some(outcome)
        }
        None => None,
    };
    let path = subject.path();
    let offered = DAYS.map(|days| {
        let now = to.is_some_and(|to| format::days_between(eta, to) == days);
        (
            format!("+{days}"),
            now,
            format!(
                "{}#what-if",
                links::list(&path, &[("late", &days.to_string())])
            ),
        )
    });
    Ok(Some(WhatIf {
        late: params.get("late").unwrap_or_default().to_owned(),
        eta: params.get("eta").unwrap_or_default().to_owned(),
        late_wrong: late_wrong.map(str::to_owned),
        eta_wrong: errors.first().map(|error| format::sentence(&error.message)),
        offered: offered.into(),
        again: format!("{}#what-if", visit.url()),
        path,
        outcome,
    }))
}

/// The day that is so many days later.
fn later(text: &str, eta: Date) -> Result<Date, &'static str> {
    const WRONG: &str = "Must be a whole number of days from -3650 to 3650.";
    let text = text.trim().replace('−', "-");
    let days: i64 = text.parse().map_err(|_| WRONG)?;
    if !(-MOST..=MOST).contains(&days) {
        return Err(WRONG);
    }
    eta.checked_add(days.days())
        .map_err(|_| "There is no such day.")
}

async fn outcome(
    context: &Shared,
    visit: &Visit,
    subject: &Subject<'_>,
    from: Date,
    to: Date,
) -> Result<Outcome, Failed> {
    let days = format::days_between(from, to);
    let moved = match days {
        0 => "As it is now".to_owned(),
        1.. => format!(
            "{} later",
            format::count(days.unsigned_abs(), "day", "days")
        ),
        _ => format!(
            "{} earlier",
            format::count(days.unsigned_abs(), "day", "days")
        ),
    };
    let command = subject.command(to);
    let kind = command.kind();
    let request = Request {
        id: None,
        let_in_by: None,
        actor: visit.caller.actor(),
        command,
    };
    let (preview, wrong) = match actions::look(context, &request, visit.today()).await? {
        Ok(preview) => (Some(preview), None),
        Err(failure) => (None, Some(failure)),
    };
    let to_do = preview.as_ref().filter(|preview| !preview.idle);
    let seen = to_do.map(|preview| preview.seen.clone());
    let seen = seen.filter(|_| visit.may(Right::Supply));
    Ok(Outcome {
        heading: format!("{moved}: {}", format::day(to)),
        preview,
        wrong: wrong.map(|failure| format::sentence(&failure.to_string())),
        apply: seen.map(|seen| Apply {
            command: kind,
            reference: subject.reference().to_owned(),
            eta: to,
            next: subject.path(),
            id: actions::new_id(visit),
            seen,
        }),
    })
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn days_are_read_as_people_type_them() {
        let eta = date(2027, 1, 10);
        for (text, day) in [
            ("10", Some(date(2027, 1, 20))),
            (" +10 ", Some(date(2027, 1, 20))),
            ("-9", Some(date(2027, 1, 1))),
            ("−9", Some(date(2027, 1, 1))),
            ("0", Some(eta)),
            ("3651", None),
            ("99999999999999999999", None),
            ("ten", None),
            ("1.5", None),
        ] {
            assert_eq!(later(text, eta).ok(), day, "{text}");
        }
        assert!(later("3", Date::MAX).is_err());
    }
}
