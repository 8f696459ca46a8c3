//! From demand to batches, and what chance may do to them.

use jiff::civil::date;

use super::*;

/// A demand for so many SKUs in each of three months.
fn demand(skus: u64) -> Demand {
    [date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1)]
        .into_iter()
        .map(|month| {
            (
                month,
                (0..skus)
                    .map(|sku| (format!("S{sku:04}"), 10 + sku))
                    .collect(),
            )
        })
        .collect()
}

const FIRST: Date = date(2026, 1, 12);

/// One batch and all that is told of it.
struct History<'a> {
    entered: Date,
    batch: &'a Batch,
    changes: Vec<(Date, &'a Change)>,
}

/// The histories by reference.
fn histories(plan: &BTreeMap<Date, Supply>) -> BTreeMap<&str, History<'_>> {
    let mut histories = BTreeMap::new();
    for (&entered, supply) in plan {
        for batch in &supply.batches {
            let history = History {
                entered,
                batch,
                changes: Vec::new(),
            };
            assert!(
                histories
                    .insert(batch.reference.as_str(), history)
                    .is_none(),
                "named once"
            );
        }
    }
    for (&day, supply) in plan {
        for change in &supply.changes {
            let (Change::ChangeBatchQuantity { reference, .. }
            | Change::ChangeBatchEta { reference, .. }) = change;
            histories
                .get_mut(reference.as_str())
                .unwrap()
                .changes
                .push((day, change));
        }
    }
    histories
}

#[test]
fn ninety_percent_to_the_nearest_unit_and_at_least_one() {
    for (asked, expected) in [
        (1, 1),
        (2, 2),
        (3, 3),
        (5, 5),
        (6, 5),
        (10, 9),
        (100, 90),
        (1234, 1111),
    ] {
        assert_eq!(bought(asked), expected, "of {asked}");
    }
}

#[test]
fn the_first_month_is_in_the_warehouse_and_the_others_are_entered_a_month_ahead() {
    let plan = plan(&demand(1), FIRST, 1);
    let histories = histories(&plan);
    let entries: Vec<_> = histories
        .iter()
        .map(|(name, history)| (*name, history.entered, history.batch.eta))
        .collect();
    assert_eq!(
        entries,
        [
            ("2026-01-S0000", FIRST, None),
            // A month ahead of it lies before the first day.
            ("2026-02-S0000", FIRST, Some(date(2026, 2, 1))),
            ("2026-03-S0000", date(2026, 2, 1), Some(date(2026, 3, 1))),
        ]
    );
}

#[test]
fn every_inbound_batch_arrives_once_after_all_that_is_told_of_it() {
    let plan = plan(&demand(500), FIRST, 1);
    for (
        name,
        History {
            entered,
            batch,
            changes,
        },
    ) in histories(&plan)
    {
        let mut eta = batch.eta;
        let mut arrivals = 0;
        for (day, change) in changes {
            assert!(
                day > entered,
                "{name} is entered before anything is told of it"
            );
            assert_eq!(arrivals, 0, "{name}: nothing is told after it has arrived");
            match change {
                Change::ChangeBatchEta { eta: None, .. } => {
                    assert_eq!(Some(day), eta, "{name} arrives when it is due");
                    arrivals += 1;
                }
                Change::ChangeBatchEta {
                    eta: Some(moved), ..
                } => {
                    assert!(*moved > day, "{name} is due after the news of it");
                    assert_ne!(Some(*moved), eta, "{name} really moves");
                    eta = Some(*moved);
                }
                Change::ChangeBatchQuantity { quantity, .. } => {
                    assert_ne!(*quantity, batch.quantity, "{name} really changes");
                }
            }
        }
        assert_eq!(arrivals, usize::from(batch.eta.is_some()), "{name}");
    }
}

#[test]
fn a_couple_of_percent_are_changed_each_way() {
    let plan = plan(&demand(2_000), FIRST, 1);
    let (mut cut, mut raised, mut late, mut early) = (0, 0, 0, 0);
    for History { batch, changes, .. } in histories(&plan).into_values() {
        for (_, change) in changes {
            match change {
                Change::ChangeBatchQuantity { quantity, .. } => {
                    *if *quantity < batch.quantity {
                        &mut cut
                    } else {
                        &mut raised
                    } += 1;
                }
                Change::ChangeBatchEta { eta: Some(eta), .. } => {
                    *if Some(*eta) > batch.eta {
                        &mut late
                    } else {
                        &mut early
                    } += 1;
                }
                Change::ChangeBatchEta { eta: None, .. } => {}
            }
        }
    }
    // 6,000 batches, of which 4,000 are inbound: about 120 and 80.
    assert!(
        (80..=160).contains(&(cut + raised)),
        "{cut} cut, {raised} raised"
    );
    assert!(
        (50..=110).contains(&(late + early)),
        "{late} late, {early} early"
    );
    assert!(
        cut.min(raised).min(late).min(early) > 0,
        "{cut} {raised} {late} {early}"
    );
}

#[test]
fn the_seed_decides() {
    assert_eq!(plan(&demand(300), FIRST, 7), plan(&demand(300), FIRST, 7));
    assert_ne!(plan(&demand(300), FIRST, 7), plan(&demand(300), FIRST, 8));
}

#[test]
fn changes_are_written_as_the_products_commands() {
    let written = |change: &Change| serde_json::to_string(change).unwrap();
    let reference = "2026-02-S0000".to_owned();
    assert_eq!(
        written(&Change::ChangeBatchEta {
            reference: reference.clone(),
            eta: None
        }),
        r#"{"type":"ChangeBatchEta","reference":"2026-02-S0000","eta":null}"#
    );
    let eta = Some(date(2026, 2, 9));
    assert_eq!(
        written(&Change::ChangeBatchEta {
            reference: reference.clone(),
            eta
        }),
        r#"{"type":"ChangeBatchEta","reference":"2026-02-S0000","eta":"2026-02-09"}"#
    );
    assert_eq!(
        written(&Change::ChangeBatchQuantity {
            reference,
            quantity: 3,
            reason: "short"
        }),
        r#"{"type":"ChangeBatchQuantity","reference":"2026-02-S0000","quantity":3,"reason":"short"}"#
    );
}

#[test]
fn batches_are_written_as_the_import_reads_them() {
    let mut csv = csv::Writer::from_writer(Vec::new());
    for eta in [None, Some(date(2026, 2, 1))] {
        let batch = Batch {
            reference: "B".to_owned(),
            sku: "LAMP".to_owned(),
            quantity: 9,
            eta,
        };
        csv.serialize(batch).unwrap();
    }
    let written = String::from_utf8(csv.into_inner().unwrap()).unwrap();
    assert_eq!(written, "ref,sku,qty,eta\nB,LAMP,9,\nB,LAMP,9,2026-02-01\n");
}
