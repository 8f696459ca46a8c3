//! `landfall simulate`, in worlds that are small enough to be quick.

use crate::support::{Place, Ran};

/// A year of a very small shop.
const SMALL: [&str; 8] = [
    "simulate", "--years", "1", "--skus", "5", "--orders", "1", "--json",
];

fn simulate(place: &Place, more: &[&str]) -> Ran {
    place.run(SMALL.iter().chain(more))
}

#[test]
fn the_same_arguments_give_the_same_object() {
    let place = Place::new();
    let first = simulate(&place, &["--seed", "7"]).ended(0);
    let report = first.json();
    assert_eq!(report["trace_hash"].as_str().unwrap().len(), 64);
    assert_eq!(report["runs"][0]["trace_hash"], report["trace_hash"]);
    assert_eq!(report["runs"][0]["policy"], "earliest");
    assert_eq!(report["runs"][0]["full_audits"], 13);
    assert!(report["runs"][0]["promises_kept"].as_f64().unwrap() > 0.3);
    assert_eq!(first.stdout.lines().count(), 1);
    assert_eq!(first.stdout, simulate(&place, &["--seed", "7"]).stdout);
    let other = simulate(&place, &["--seed", "8"]).ended(0).json();
    assert_ne!(other["trace_hash"], report["trace_hash"]);
    // Clock figures are no result.
    assert!(first.stderr.contains("365 days"), "{first:?}");
}

#[test]
fn policies_are_compared_side_by_side_and_in_a_chart() {
    let place = Place::new();
    let compare = ["--compare", "earliest,just_in_time", "--svg", "chart.svg"];
    let report = simulate(&place, &compare).ended(0).json();
    let runs = report["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 2);
    for figure in ["orders", "ships", "lines", "lines_cancelled"] {
        assert_eq!(runs[0][figure], runs[1][figure], "{figure}");
    }
    assert_ne!(runs[0]["trace_hash"], runs[1]["trace_hash"]);
    let chart = place.read("chart.svg");
    for part in [
        "<title id=\"title\">",
        "<desc id=\"desc\">",
        "prefers-color-scheme:dark",
        "just_in_time",
        "Promises kept",
    ] {
        assert!(chart.contains(part), "{part}: {chart}");
    }
    let alone = simulate(&place, &["--policy", "just_in_time"]).ended(0);
    assert_eq!(alone.json()["trace_hash"], runs[1]["trace_hash"]);
    let table = place.run(SMALL[..7].iter().chain(&compare[..2])).ended(0);
    let rows: Vec<&str> = table.stdout.lines().collect();
    let row = rows.iter().find(|row| row.contains("promises kept"));
    assert_eq!(row.unwrap().matches('%').count(), 2, "{row:?}");
}

#[test]
fn slips_come_from_a_file_and_its_dirt_is_reported() {
    let place = Place::new();
    place.write(
        "slips.csv",
        "eta,came\n2012-05-01,2012-05-31\n1-Jun-12,Date Not Captured\n2012-05-01,\n2012-07-01,29-Jul-12\n",
    );
    let named = ["--slips", "slips.csv", "--planned", "eta", "--actual"];
    let ran = simulate(&place, &[&named[..], &["came"]].concat()).ended(0);
    assert!(ran.stderr.contains("2 of 4 rows"), "{ran:?}");
    assert!(
        ran.stderr
            .contains("1 row: came is no date, such as `Date Not Captured`"),
        "{ran:?}"
    );
    let report = ran.json();
    assert_eq!(report["slips"]["file"]["used"], 2);
    assert_eq!(report["slips"]["p5"], 28);
    let unknown = simulate(&place, &[&named[..], &["arrived"]].concat()).ended(1);
    assert!(
        unknown
            .stderr
            .contains("no column `arrived`, only: eta, came"),
        "{unknown:?}"
    );
    place.write("empty.csv", "planned,actual\n");
    let empty = simulate(&place, &["--slips", "empty.csv"]).ended(1);
    assert!(empty.stderr.contains("nothing to draw from"), "{empty:?}");
}

#[test]
fn what_makes_no_sense_is_wrong_usage() {
    let place = Place::new();
    for wrong in [
        &["simulate", "--years", "0"][..],
        &["simulate", "--skus", "0"],
        &["simulate", "--policy", "latest"],
        &["simulate", "--compare", "earliest,earliest"],
        &["simulate", "--compare", "earliest", "--policy", "earliest"],
        &["simulate", "--planned", "eta"],
        &["simulate", "--start", "9999-01-01"],
        &["simulate", "--start", "tomorrow"],
    ] {
        let ran = place.run(wrong).ended(2);
        assert!(ran.stderr.starts_with("error: "), "{ran:?}");
    }
}
