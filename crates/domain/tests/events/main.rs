//! A sample of every version of every event type that was ever released can still be read.
//!
//! The samples lie beside this file, each a record of the log as it was written. When a type gets a new version
//! its older samples stay: logs that hold such events are out there.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use landfall_domain::Event;
use landfall_domain::events::schema_of;
use serde_json::Value;

/// The samples by type and version.
fn samples() -> BTreeMap<(String, u16), Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/events");
    let mut samples = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let Some((kind, version)) = name
            .strip_suffix(".json")
            .and_then(|name| name.split_once(".v"))
        else {
            continue;
        };
        let sample: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        assert_eq!(sample["type"], kind, "{name}");
        let version: u16 = version.parse().unwrap();
        assert_eq!(sample["schema"], version, "{name}");
        samples.insert((kind.to_owned(), version), sample);
    }
    samples
}

/// The published schemas, by type and version.
fn published() -> Vec<(String, u16)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas");
    let names = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    let of = |name: String| {
        let (kind, version) = name.strip_suffix(".json")?.split_once(".v")?;
        Some((kind.to_owned(), version.parse().ok()?))
    };
    names.filter_map(of).collect()
}

#[test]
fn every_version_that_was_ever_written_can_be_read() {
    for ((kind, version), sample) in samples() {
        let event = serde_json::from_value::<Event>(sample.clone());
        let event = event.unwrap_or_else(|error| panic!("{kind} version {version}: {error}"));
        assert_eq!(event.kind(), kind);
        assert!(event.schema() >= version, "{kind} is older than its sample");
        // Nothing of what was written is lost.
        let again = serde_json::to_value(&event).unwrap();
        for (field, value) in sample["data"].as_object().unwrap() {
            assert_eq!(
                &again["data"][field], value,
                "{kind} version {version}: {field}"
            );
        }
    }
}

#[test]
fn what_is_written_today_is_read_as_it_was() {
    for ((kind, version), sample) in samples() {
        if version == schema_of(&kind) {
            let event: Event = serde_json::from_value(sample.clone()).unwrap();
            let again = serde_json::to_value(&event).unwrap();
            assert_eq!(again["data"], sample["data"], "{kind}");
        }
    }
}

#[test]
fn there_is_a_sample_of_every_version_and_none_of_another() {
    let mut published = published();
    published.sort();
    let samples: Vec<(String, u16)> = samples().into_keys().collect();
    assert_eq!(samples, published);
    for (kind, version) in &published {
        assert!(
            *version <= schema_of(kind),
            "{kind} has no version {version}"
        );
        assert!(
            published.contains(&(kind.clone(), schema_of(kind))),
            "{kind}"
        );
    }
}

#[test]
fn every_type_is_listed_once() {
    let samples = samples();
    let mut named: Vec<&str> = samples.keys().map(|(kind, _)| kind.as_str()).collect();
    named.dedup();
    let mut listed = Event::KINDS;
    listed.sort_unstable();
    assert_eq!(listed[..], named);
}
