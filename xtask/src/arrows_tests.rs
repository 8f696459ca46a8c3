//! Every rule about the arrows, broken once in an otherwise right house.

use super::*;
use crate::metadata::Kind;

/// The house as it should be, small.
fn house() -> Vec<Package> {
    [
        (
            "landfall-domain",
            &["jiff", "serde", "thiserror", "schemars", "dev:proptest"][..],
        ),
        (
            "landfall-service",
            &["landfall-domain", "tokio", "dev:landfall-testkit"],
        ),
        (
            "landfall-sqlite",
            &["landfall-domain", "landfall-service", "rusqlite"],
        ),
        (
            "landfall-http",
            &["landfall-service", "axum", "dev:landfall-testkit"],
        ),
        ("landfall-testkit", &["landfall-domain", "landfall-service"]),
        (
            "landfall",
            &[
                "landfall-service",
                "landfall-sqlite",
                "landfall-http",
                "clap",
            ],
        ),
        ("xtask", &["clap"]),
    ]
    .into_iter()
    .map(|(name, dependencies)| Package {
        name: name.to_owned(),
        dependencies: dependencies
            .iter()
            .map(|written| dependency(written))
            .collect(),
    })
    .collect()
}

/// Reads `name`, `dev:name` or `build:name`.
fn dependency(written: &str) -> Dependency {
    let (kind, name) = match written.split_once(':') {
        Some(("dev", name)) => (Some(Kind::Dev), name),
        Some((_, name)) => (Some(Kind::Build), name),
        None => (None, written),
    };
    Dependency {
        name: name.to_owned(),
        kind,
    }
}

/// What the check says when one crate gets one more dependency.
fn with(from: &str, to: &str) -> Vec<String> {
    let mut packages = house();
    let package = packages
        .iter_mut()
        .find(|package| package.name == from)
        .unwrap();
    package.dependencies.push(dependency(to));
    check(&packages)
}

#[test]
fn a_right_house_has_nothing_to_say() {
    assert_eq!(check(&house()), Vec::<String>::new());
}

#[test]
fn this_very_workspace_is_right() {
    let packages = metadata::read().unwrap().packages;
    assert!(packages.len() >= 7, "the crates of the house are all there");
    assert_eq!(check(&packages), Vec::<String>::new());
}

#[test]
fn every_wrong_arrow_is_found() {
    for (from, to, reason) in [
        ("landfall-domain", "landfall-service", "no other crate"),
        ("landfall-domain", "dev:landfall-testkit", "no other crate"),
        (
            "landfall-domain",
            "tokio",
            "jiff, serde, thiserror and schemars only",
        ),
        (
            "landfall-domain",
            "build:cc",
            "jiff, serde, thiserror and schemars only",
        ),
        (
            "landfall-service",
            "landfall-sqlite",
            "the domain and no other",
        ),
        ("landfall-service", "rusqlite", "an adapter's library"),
        ("landfall-service", "axum", "an adapter's library"),
        (
            "landfall-service",
            "landfall-testkit",
            "only be a dev-dependency",
        ),
        (
            "landfall-sqlite",
            "landfall-http",
            "never sees another adapter",
        ),
        (
            "landfall-http",
            "dev:landfall-sqlite",
            "never sees another adapter",
        ),
        ("landfall-http", "landfall", "end of the arrows"),
        ("landfall-testkit", "landfall-sqlite", "only landfall names"),
        ("landfall", "landfall-testkit", "only be a dev-dependency"),
        ("landfall", "xtask", "end of the arrows"),
        ("xtask", "landfall-domain", "through the binary"),
        ("xtask", "dev:landfall-testkit", "through the binary"),
    ] {
        let wrong = with(from, to);
        let name = dependency(to).name;
        assert_eq!(wrong.len(), 1, "{from} → {to}: {wrong:?}");
        assert!(
            wrong[0].starts_with(&format!("{from} depends on {name}: ")),
            "{wrong:?}"
        );
        assert!(wrong[0].contains(reason), "{wrong:?}");
    }
}

#[test]
fn a_crate_that_nobody_has_placed_is_held_to_an_adapters_rules() {
    let mut packages = house();
    packages.push(Package {
        name: "landfall-redis".to_owned(),
        dependencies: vec![dependency("landfall-service"), dependency("landfall-http")],
    });
    let wrong = check(&packages);
    assert_eq!(
        wrong,
        ["landfall-redis depends on landfall-http: an adapter never sees another adapter"]
    );
}
