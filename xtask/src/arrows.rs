//! `cargo xtask arrows`: domain ← service ← adapters ← `landfall`, and no other arrow.
//!
//! The rules are about what a crate writes into its own `Cargo.toml`. `deny.toml` says the same of
//! the adapters' libraries with `wrappers`, for the whole tree of dependencies.

use crate::metadata::{self, Dependency, Package};
use crate::{Outcome, bulleted};

const DOMAIN: &str = "landfall-domain";
const SERVICE: &str = "landfall-service";
const TESTKIT: &str = "landfall-testkit";
const BINARY: &str = "landfall";
const XTASK: &str = "xtask";

/// All that the model may lean on: dates and derives.
const DOMAIN_LIBRARIES: [&str; 4] = ["jiff", "serde", "thiserror", "schemars"];

/// Libraries that speak to a database, a network or a terminal: the service layer must not know
/// that there are any.
const ADAPTER_LIBRARIES: [&str; 27] = [
    "async-nats",
    "axum",
    "clap",
    "comfy-table",
    "csv",
    "deadpool-postgres",
    "http",
    "http-body",
    "http-body-util",
    "hyper",
    "hyper-util",
    "indicatif",
    "lettre",
    "metrics-exporter-prometheus",
    "postgres",
    "redis",
    "refinery",
    "reqwest",
    "rusqlite",
    "rustls",
    "sqlx",
    "tokio-postgres",
    "tokio-rustls",
    "tower",
    "tower-http",
    "utoipa",
    "utoipa-axum",
];

/// Where a crate stands in the house. What is not known by name is taken for an adapter: these have
/// the strictest rules, so a new crate has to be given its place here before it may do more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Domain,
    Service,
    Adapter,
    Testkit,
    Binary,
    Xtask,
}

fn place(name: &str) -> Place {
    match name {
        DOMAIN => Place::Domain,
        SERVICE => Place::Service,
        TESTKIT => Place::Testkit,
        BINARY => Place::Binary,
        XTASK => Place::Xtask,
        _ => Place::Adapter,
    }
}

/// Checks this workspace; the error lists every wrong arrow.
pub(crate) fn run() -> Outcome<()> {
    let packages = metadata::read()?.packages;
    let wrong = check(&packages);
    if wrong.is_empty() {
        eprintln!(
            "arrows: {} crates, every dependency points the right way",
            packages.len()
        );
        return Ok(());
    }
    Err(format!("the arrows are wrong:{}", bulleted(&wrong)).into())
}

/// What is wrong with the arrows between these crates, one sentence each; nothing if all is well.
fn check(packages: &[Package]) -> Vec<String> {
    let mut wrong = Vec::new();
    for package in packages {
        for dependency in &package.dependencies {
            let ours = packages.iter().any(|other| other.name == dependency.name);
            let reason = if ours {
                why_not_crate(place(&package.name), dependency)
            } else {
                why_not_library(place(&package.name), dependency)
            };
            if let Some(reason) = reason {
                wrong.push(format!(
                    "{} depends on {}: {reason}",
                    package.name, dependency.name
                ));
            }
        }
    }
    wrong
}

/// Why a crate of the workspace may not be depended on from here.
fn why_not_crate(from: Place, to: &Dependency) -> Option<&'static str> {
    match (from, place(&to.name)) {
        (_, Place::Binary | Place::Xtask) => Some("programs are at the end of the arrows"),
        (Place::Domain, _) => Some("the domain depends on no other crate of the workspace"),
        (Place::Xtask, _) => Some("xtask uses the product as its users do, through the binary"),
        (_, Place::Testkit) => (!to.is_dev()).then_some("the testkit may only be a dev-dependency"),
        (Place::Service, Place::Service | Place::Adapter) => {
            Some("the service knows the domain and no other crate")
        }
        (Place::Adapter, Place::Adapter) => Some("an adapter never sees another adapter"),
        (Place::Testkit, Place::Adapter) => Some("only landfall names a concrete adapter"),
        (Place::Service | Place::Adapter | Place::Testkit | Place::Binary, _) => None,
    }
}

/// Why a library from outside may not be depended on from here.
fn why_not_library(from: Place, to: &Dependency) -> Option<&'static str> {
    let name = to.name.as_str();
    match from {
        // What tests use is nobody's arrow.
        _ if to.is_dev() => None,
        Place::Domain if !DOMAIN_LIBRARIES.contains(&name) => {
            Some("the domain may use jiff, serde, thiserror and schemars only")
        }
        Place::Service if ADAPTER_LIBRARIES.contains(&name) => {
            Some("that is an adapter's library; the service has ports instead")
        }
        _ => None,
    }
}

#[cfg(test)]
#[path = "arrows_tests.rs"]
mod tests;
