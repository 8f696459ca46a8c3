//! The report on rounds made up by hand.

use super::*;

fn figures(lines_per_second: f64) -> Figures {
    Figures {
        lines_per_second,
        requests_per_second: lines_per_second,
        latency_us: Latency {
            p50: 500,
            p99: 4210,
            p999: 9000,
            max: 12000,
        },
        mean_group_size: Some(40.0),
        steal_percent: None,
        errors: BTreeMap::from([("503".to_owned(), 7)]),
        acknowledged_lines: 1000,
    }
}

fn round(product: f64, bare: f64, passed: bool) -> Round {
    let bare_loop = |rows_per_line, lines_per_second| BareLoop {
        rows_per_line,
        order_ids: OrderIds::Random,
        group_size: 40,
        lines_per_second,
        steal_percent: Some(3.0),
    };
    Round {
        product: figures(product),
        peak_memory_bytes: Some(123_000_000),
        checks: vec![Check {
            name: "audit",
            passed,
            detail: "looked".to_owned(),
        }],
        bare_http: Some(figures(bare)),
        bare_sqlite: vec![bare_loop(2, 4.0 * product), bare_loop(5, 2.0 * product)],
        bare_postgres: Some(bare_loop(3, 1.6 * product)),
    }
}

fn report(rounds: Vec<Round>) -> Report {
    Report {
        workload: Workload::Spread,
        connections: 64,
        seconds: 10.0,
        skus: 1000,
        order_ids: OrderIds::Random,
        seed: 1,
        preload_lines: 0,
        preload_products: 0,
        preload_batches: 1,
        rounds,
        median: None,
        passed: false,
    }
    .conclude()
}

#[test]
fn a_ratio_is_taken_within_its_round() {
    let rounds = [(100.0, 200.0), (10.0, 100.0), (300.0, 400.0)];
    let report = report(rounds.map(|(a, b)| round(a, b, true)).into());
    let median = report.median.unwrap();
    assert!((median.lines_per_second - 100.0).abs() < 1e-9);
    assert!((median.ratio_to_bare_http.unwrap() - 0.5).abs() < 1e-9);
    assert!((median.ratio_to_bare_sqlite_five_rows.unwrap() - 0.5).abs() < 1e-9);
    assert!((median.ratio_to_bare_sqlite_two_rows.unwrap() - 0.25).abs() < 1e-9);
    assert!((median.ratio_to_bare_postgres.unwrap() - 0.625).abs() < 1e-9);
    assert!((median.bare_sqlite_two_rows_lines_per_second.unwrap() - 400.0).abs() < 1e-9);
}

#[test]
fn one_failed_check_fails_the_benchmark() {
    let of = |passed: &[bool]| report(passed.iter().map(|&each| round(1.0, 2.0, each)).collect());
    assert!(of(&[true, true]).passed);
    assert!(!of(&[true, false]).passed);
    assert!(!of(&[]).passed);
}

#[test]
fn a_median_of_an_even_number_is_in_the_middle() {
    assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), Some(2.5));
    assert_eq!(median(vec![]), None);
}

#[test]
fn people_see_every_figure() {
    let text = report(vec![round(30123.4, 90000.0, false)]).to_string();
    for part in [
        "spread: 64 connections",
        "30123 lines/s",
        "p99 4.21 ms",
        "mean group 40.0",
        "steal n/a",
        "7 × 503",
        "peak memory 123 MB",
        "groups of 40   steal 3.0 %",
        "FAILED     audit: looked",
        "product / bare 33.5 %",
        "2 rows a line, product / bare 25.0 %",
        "5 rows a line, product / bare 50.0 %",
        "3 rows a line, product / bare 62.5 %",
    ] {
        assert!(text.contains(part), "no {part:?} in\n{text}");
    }
}

#[test]
fn programs_get_one_object() {
    let json = serde_json::to_value(report(vec![round(1.0, 2.0, true)])).unwrap();
    assert_eq!(json["workload"], "spread");
    assert_eq!(json["rounds"][0]["product"]["latency_us"]["p99.9"], 9000);
    assert_eq!(json["median"]["ratio_to_bare_http"], 0.5);
    assert_eq!(json["passed"], true);
}
