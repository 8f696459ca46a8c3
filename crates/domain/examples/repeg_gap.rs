//! How far the re-pegging plan is from the best there is, on seeded small cases, and how long large ones take.
//!
//! `cargo run --release -p landfall-domain --example repeg_gap [cases]`

#[path = "../tests/repeg/exact.rs"]
mod exact;

use std::time::{Duration, Instant};

use exact::{Kind, SMALL, Seed, broken, case, day, least_broken, places};
use jiff::civil::Date;
use landfall_domain::repeg::{Peg, Problem, Supply, plan};

fn main() {
    let cases = std::env::args()
        .nth(1)
        .and_then(|n| n.parse().ok())
        .unwrap_or(10_000);
    println!(
        "{:<28} {:>7} {:>9} {:>9} {:>8} {:>9} {:>10} {:>9}",
        "cases", "number", "exact", "plan", "gap", "of all", "not best", "mean"
    );
    let even = Kind {
        quantity: (3, 3),
        ..SMALL
    };
    let medium = Kind {
        supplies: (4, 6),
        pegs: (9, 12),
        ..SMALL
    };
    gap("unequal", SMALL, cases);
    gap(
        "unequal, locations",
        Kind {
            locations: true,
            ..SMALL
        },
        cases,
    );
    gap("unequal, little free", Kind { free: 3, ..SMALL }, cases);
    gap("unequal, 9-12 lines", medium, cases / 10);
    gap(
        "unequal, 9-12, locations",
        Kind {
            locations: true,
            ..medium
        },
        cases / 10,
    );
    gap("equal", even, cases);
    gap(
        "equal, locations",
        Kind {
            locations: true,
            ..even
        },
        cases,
    );
    println!();
    for (late, pegs, supplies) in [(100, 500, 20), (1_000, 5_000, 100), (5_000, 20_000, 200)] {
        for spread in [1, 9] {
            for tight in [false, true] {
                large(late, pegs, supplies, spread, tight);
            }
        }
    }
}

fn gap(name: &str, kind: Kind, cases: u64) {
    let (mut least, mut left, mut all, mut worse) = (0, 0, 0, 0);
    let mut took = Duration::ZERO;
    for number in 0..cases {
        let problem = case(&mut Seed(number), kind);
        let started = Instant::now();
        let plan = plan(&problem);
        took += started.elapsed();
        let (exact, planned) = (
            least_broken(&problem),
            broken(&problem, &places(&problem, &plan)),
        );
        least += exact;
        left += planned;
        worse += u64::from(planned > exact);
        all += problem
            .pegs
            .iter()
            .map(|peg| u64::from(peg.priority) + 1)
            .sum::<u64>();
    }
    println!(
        "{name:<28} {cases:>7} {least:>9} {left:>9} {:>8} {:>9} {:>10} {:>9.1?}",
        percent(left - least, least),
        percent(left - least, all),
        worse,
        took / u32::try_from(cases.max(1)).unwrap_or(u32::MAX)
    );
}

#[expect(clippy::cast_precision_loss, reason = "a figure to read")]
fn percent(part: u64, whole: u64) -> String {
    format!("{:.3} %", 100.0 * part as f64 / whole.max(1) as f64)
}

/// A storm: the lines of some supplies are late, the others have slack. `tight`: there is next to nothing free.
fn large(late: u64, pegs: u64, supplies: u64, spread: u64, tight: bool) {
    let mut seed = Seed(7);
    let mut problem = Problem::default();
    for at in 0..supplies {
        problem.supplies.push(Supply {
            ready: Some(day(i64::try_from(at).unwrap_or(0))),
            free: if tight {
                seed.below(3)
            } else {
                seed.below(30 * spread)
            },
            location: None,
        });
    }
    for number in 0..pegs {
        let at = seed.below(supplies);
        let slack = seed.below(supplies / 4);
        let wanted = if number < late {
            at.saturating_sub(slack + 1)
        } else {
            at + slack
        };
        let lost = number < late && seed.below(2) == 0;
        problem.pegs.push(Peg {
            number,
            quantity: seed.within(1, spread),
            priority: u8::try_from(seed.below(10)).unwrap_or(0),
            wanted: day(i64::try_from(wanted).unwrap_or(0)),
            limit: if number < late {
                Date::MAX
            } else {
                day(i64::try_from(wanted).unwrap_or(0))
            },
            supply: (!lost).then_some(usize::try_from(at).unwrap_or(0)),
            locations: Vec::new(),
        });
    }
    let before: Vec<_> = problem.pegs.iter().map(|peg| peg.supply).collect();
    let started = Instant::now();
    let plan = plan(&problem);
    let took = started.elapsed();
    println!(
        "{late} late of {pegs} lines, {supplies} supplies, quantities 1-{spread}{}: {took:.1?}, {} moves, {} examined, weight broken {} -> {}",
        if tight { ", tight" } else { "" },
        plan.moves.len(),
        plan.examined,
        broken(&problem, &before),
        broken(&problem, &places(&problem, &plan)),
    );
}
