//! What is there already and would be replaced: a hold, and the counts of batches that are counted again.

use jiff::Zoned;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use landfall_domain::{BatchRef, Command, Event, Hold};
use landfall_service::bus::DryRunStep;
use landfall_service::views::{Thing, ViewError, Views};

/// Events of a batch among which its last count is looked for.
const LOOKED_AT: usize = 100;

/// What is there already.
#[derive(Debug, Default)]
pub(super) struct There {
    /// The hold that a hold would replace; none where there is none, or the very same.
    pub(super) hold: Option<Hold>,
    /// The last counts of the batches that are counted.
    pub(super) counts: Vec<Count>,
}

/// What somebody counted.
#[derive(Debug)]
pub(super) struct Count {
    pub(super) batch: BatchRef,
    pub(super) units: u64,
    /// When, by the warehouse's clock.
    pub(super) at: Zoned,
    /// Whose key that was.
    pub(super) by: Option<String>,
}

impl There {
    /// Where this command would do this.
    pub(super) async fn before(
        views: &dyn Views,
        command: &Command,
        step: &DryRunStep,
        (today, zone): (Date, &TimeZone),
    ) -> Result<Self, ViewError> {
        Ok(Self {
            hold: hold(views, command, today).await?,
            counts: counts(views, command, step, zone).await?,
        })
    }

    /// The last count of a batch.
    pub(super) fn count_of(&self, batch: &BatchRef) -> Option<&Count> {
        self.counts.iter().find(|count| count.batch == *batch)
    }
}

async fn hold(
    views: &dyn Views,
    command: &Command,
    today: Date,
) -> Result<Option<Hold>, ViewError> {
    let (there, new) = match command {
        Command::HoldBatch(hold) => {
            let batch = views.batch(&hold.reference, today).await?;
            let new = (&hold.code, &hold.note, hold.expected_clear);
            (batch.and_then(|batch| batch.hold), new)
        }
        Command::HoldShipment(hold) => {
            let shipment = views.shipment(&hold.reference, today).await?;
            let new = (&hold.code, &hold.note, hold.expected_clear);
            (shipment.and_then(|shipment| shipment.hold), new)
        }
        _ => return Ok(None),
    };
    Ok(there.filter(|there| (&there.code, &there.note, there.expected_clear) != new))
}

async fn counts(
    views: &dyn Views,
    command: &Command,
    step: &DryRunStep,
    zone: &TimeZone,
) -> Result<Vec<Count>, ViewError> {
    let counted = step.events.iter().filter_map(|record| match &record.event {
        Event::BatchReceived { reference, .. } => Some(reference),
        _ => None,
    });
    let mut batches: Vec<&BatchRef> = counted.collect();
    // The same count once more is no event.
    if let (Command::ReceiveBatch(receipt), true) = (command, batches.is_empty()) {
        batches.push(&receipt.reference);
    }
    let mut counts = Vec::new();
    for batch in batches {
        let thing = Thing::Batch(batch.clone());
        let events = views.latest(&thing, LOOKED_AT).await?.unwrap_or_default();
        let last = events.into_iter().find_map(|record| match record.event {
            Event::BatchReceived { quantity, .. } => Some(Count {
                batch: batch.clone(),
                units: quantity,
                at: record.time.to_zoned(zone.clone()),
                by: record.actor.map(|actor| actor.to_string()),
            }),
            _ => None,
        });
        counts.extend(last);
    }
    Ok(counts)
}
