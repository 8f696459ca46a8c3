//! Lines that need a person: broken promises by where they come from, and lines that wait by product.

use std::collections::BTreeSet;

use futures_util::future::try_join_all;
use jiff::Timestamp;
use landfall_service::access::Right;
use landfall_service::desk::{Cause, Groups, Source, WorkGroup, WorkKind};
use landfall_service::views::{ViewError, Views};

use crate::pages::what_if::{self, Subject};
use crate::params::Params;
use crate::table::{Cell, DO, Row, Table, Tone, column, numbers};
use crate::visit::Visit;
use crate::{format, links};

/// A cause as people say it: what happened, and nothing of what supplies a line now.
pub(in crate::pages) fn cause(cause: Cause) -> &'static str {
    match cause {
        Cause::NoStock => "no stock when ordered",
        Cause::EtaChanged => "another ETA",
        Cause::Reallocated => "a move to another batch",
        Cause::Held => "a hold",
        Cause::Released => "the end of a hold",
        Cause::Received => "a short receipt",
        Cause::QuantityChanged => "a smaller batch",
        Cause::BatchCancelled => "a cancelled batch",
        Cause::BatchCreated => "a new batch",
        Cause::Amended => "an amended order",
        Cause::Cancelled => "a cancelled line",
        Cause::LineAdded => "an added line",
        Cause::Dispatched => "a dispatched line",
    }
}

/// What is said of the supply that is listed: the cause may be of other supply.
const SUPPLY: &str = "Late lines are listed by what supplies them now, which need not be what made them late; \
    lines that wait, by what they lost.";
/// The same where one may ask of some of it.
const SUPPLY_AND_WHAT_IF: &str = "Late lines are listed by what supplies them now, which need not be what made them \
    late; lines that wait, by what they lost. “What if” asks about what supplies them now.";

/// Where late lines have their goods from, or which supply those that wait have lost.
fn source(kind: WorkKind, group: &WorkGroup) -> Cell {
    let name = match &group.source {
        Some(Source::Shipment(reference)) => Cell::shipment(Some(reference.as_str())),
        Some(Source::Batch(reference)) => Cell::batch(reference.as_str()),
        None => return Cell::text("no batch"),
    };
    let words = match kind {
        WorkKind::Late => "now from",
        WorkKind::Waiting => "lost from",
    };
    Cell::Several(vec![Cell::text(words), name])
}

fn age(visit: &Visit, since: Timestamp) -> Cell {
    Cell::text(format::since(since, visit.now))
}

/// Broken promises: lines that come later than was promised, and lines that lost the stock that they had and wait.
pub(super) struct Broken {
    groups: Vec<(WorkKind, WorkGroup)>,
    /// Groups that are not listed, by their kind: late, waiting.
    left_out: (u64, u64),
    /// Lines that lost their stock.
    lost: u64,
    /// Whether there are more than were looked at.
    capped: bool,
}

impl Broken {
    /// Of the groups of late lines and of all those that wait, as many as a table has.
    pub(super) fn new(late: Groups, waiting: Groups, limit: usize) -> Self {
        // What never had stock was never promised.
        let lost = waiting.groups.into_iter();
        let lost: Vec<_> = lost.filter(|group| group.source.is_some()).collect();
        let lines = lost.iter().map(|group| group.lines).sum();
        let late = late.groups.into_iter().map(|group| (WorkKind::Late, group));
        let lost = lost.into_iter().map(|group| (WorkKind::Waiting, group));
        let mut groups: Vec<_> = late.chain(lost).collect();
        groups.sort_by_key(|(_, group)| std::cmp::Reverse(group.lines));
        let cut = groups.split_off(groups.len().min(limit));
        let of = |kind| cut.iter().filter(|(other, _)| *other == kind).count() as u64;
        Self {
            left_out: (of(WorkKind::Late), of(WorkKind::Waiting)),
            groups,
            lost: lines,
            capped: waiting.capped,
        }
    }

    /// Lines whose promise was withdrawn with their stock.
    pub(super) fn lost(&self) -> u64 {
        self.lost
    }

    /// Whether there are more of these than were looked at.
    pub(super) fn is_capped(&self) -> bool {
        self.capped
    }

    /// Groups that are not listed: of late lines, and of such that wait.
    pub(super) fn left_out(&self) -> (u64, u64) {
        self.left_out
    }

    /// The supply of listed late lines of which one may ask what if it is late: it is still to come.
    pub(super) async fn to_come(
        &self,
        visit: &Visit,
        views: &dyn Views,
    ) -> Result<BTreeSet<&Source>, ViewError> {
        if !what_if::may_ask(visit) {
            return Ok(BTreeSet::new());
        }
        let late = self
            .groups
            .iter()
            .filter(|(kind, _)| *kind == WorkKind::Late);
        let sources: BTreeSet<_> = late
            .filter_map(|(_, group)| group.source.as_ref())
            .collect();
        let asked = sources.into_iter().map(|source| async move {
            let subject = Subject::from(source);
            let to_come = subject.is_to_come(views, visit.today()).await?;
            Ok(to_come.then_some(source))
        });
        Ok(try_join_all(asked).await?.into_iter().flatten().collect())
    }
}

/// The table of them. `to_come`: see [`Broken::to_come`].
pub(super) fn broken_table(
    visit: &Visit,
    broken: &Broken,
    to_come: &BTreeSet<&Source>,
    caption: String,
) -> Table {
    let columns = [
        column("Supply"),
        column("Broken by"),
        numbers("Lines"),
        numbers("Units"),
        numbers("Worst"),
        numbers("For"),
        DO,
    ];
    let rows = broken.groups.iter().map(|(kind, group)| {
        let waits = *kind == WorkKind::Waiting;
        let days = match (group.worst_days, group.without_day) {
            _ if waits => "no date, waiting".to_owned(),
            (Some(days), 0) => format!("+{} d", format::number(u64::from(days))),
            (Some(days), without) => {
                format!(
                    "+{} d, {} without a day",
                    format::number(u64::from(days)),
                    format::number(without)
                )
            }
            (None, without) => format!("{} without a day", format::number(without)),
        };
        let (name, reference) = match &group.source {
            Some(Source::Shipment(reference)) => ("shipment", reference.as_str()),
            Some(Source::Batch(reference)) => ("batch", reference.as_str()),
            None => ("", ""),
        };
        let lines = Params::default()
            .with(name, Some(reference).filter(|text| !text.is_empty()))
            .with("cause", group.cause.map(Cause::as_str));
        let mut todo = vec![Cell::Do {
            href: lines.url(if waits { "/backorders" } else { "/late" }),
            text: "See lines".into(),
        }];
        let source_now = group.source.as_ref().filter(|_| !waits);
        if let Some(now) = source_now.filter(|now| to_come.contains(now)) {
            todo.push(Cell::Do {
                href: Subject::from(now).question(),
                text: "What if".into(),
            });
        }
        Row {
            cells: vec![
                source(*kind, group),
                group.cause.map_or(Cell::None, |why| Cell::text(cause(why))),
                Cell::Number(group.lines),
                Cell::Number(group.units),
                Cell::Badge(Tone::Bad, days),
                age(visit, group.oldest),
                Cell::Several(todo),
            ],
        }
    });
    let help = if to_come.is_empty() {
        SUPPLY
    } else {
        SUPPLY_AND_WHAT_IF
    };
    Table::new("late", caption, &columns)
        .with_rows(rows)
        .explained(help)
        .or_empty("Every promise holds.")
}

pub(super) fn waiting_table(visit: &Visit, waiting: &Groups) -> Table {
    let columns = [
        column("SKU"),
        numbers("Lines"),
        numbers("Units"),
        numbers("Oldest"),
        DO,
    ];
    let supply = visit.may(Right::Supply);
    let rows = waiting.groups.iter().map(|group| {
        let sku = group
            .sku
            .as_ref()
            .map(landfall_domain::Sku::as_str)
            .unwrap_or_default();
        let lines = Params::default().with("sku", Some(sku)).url("/backorders");
        let mut todo = vec![Cell::Do {
            href: lines,
            text: "See lines".into(),
        }];
        if supply {
            todo.push(Cell::Do {
                href: links::action("CreateBatch", &[("sku", sku)], &visit.url()),
                text: "New batch".into(),
            });
        }
        Row {
            cells: vec![
                Cell::product(sku),
                Cell::Number(group.lines),
                Cell::Number(group.units),
                age(visit, group.oldest),
                Cell::Several(todo),
            ],
        }
    });
    Table::new(
        "waiting",
        capped("Lines that wait for stock, by product", waiting),
        &columns,
    )
    .with_rows(rows)
    .or_empty("Nobody waits.")
}

pub(super) fn capped(caption: &str, groups: &Groups) -> String {
    if groups.capped {
        format!(
            "{caption} (of the oldest {} lines)",
            format::number(groups.lines)
        )
    } else {
        caption.to_owned()
    }
}
