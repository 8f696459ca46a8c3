//! Which subject an event has.

use std::fmt::Write;

use landfall_service::LogRecord;

/// The last word of a subject where an event has no SKU.
const NO_SKU: &str = "_";

/// `PREFIX.TYPE.SKU`, as in `landfall.events.Allocated.SOFA-3`.
///
/// The SKU's letters, digits, `-` and `_` (ASCII) stand for themselves; every other byte of it is `%` and two
/// hexadecimal digits, since dots, spaces and `*` mean something to NATS. An order's or a shipment's own event
/// has `_`, and the SKU `_` is `%5F`: so no two SKUs share a word.
pub fn subject(prefix: &str, record: &LogRecord) -> String {
    let mut subject = format!("{prefix}.{}.", record.event.kind());
    match &record.sku {
        None => subject.push_str(NO_SKU),
        Some(sku) if sku.as_str() == NO_SKU => subject.push_str("%5F"),
        Some(sku) => {
            for byte in sku.as_str().bytes() {
                if byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_' {
                    subject.push(char::from(byte));
                } else {
                    // Writing to a text does not fail.
                    let _ = write!(subject, "%{byte:02X}");
                }
            }
        }
    }
    subject
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use landfall_domain::{Event, Sku};

    use super::*;

    #[test]
    fn every_sku_is_one_word() {
        let of = |sku: Option<&str>| {
            let record = LogRecord {
                partition: 0,
                offset: 1,
                sku: sku.map(|sku| Sku::new(sku).unwrap()),
                time: Timestamp::UNIX_EPOCH,
                command_id: "k".into(),
                actor: None,
                event: Event::BatchReleased {
                    reference: "b".parse().unwrap(),
                    shipment: None,
                },
            };
            subject("landfall.events", &record)
        };
        for (sku, word) in [
            (Some("SOFA-3_grey"), "SOFA-3_grey"),
            (None, "_"),
            (Some("_"), "%5F"),
            (Some("a.b *>%"), "a%2Eb%20%2A%3E%25"),
            (Some("Stühle"), "St%C3%BChle"),
        ] {
            assert_eq!(of(sku), format!("landfall.events.BatchReleased.{word}"));
        }
        let longest = of(Some(&"\u{1f6cb}".repeat(255)));
        assert!(
            longest.len() < 3_500,
            "a line of the protocol has at most 4,096 bytes"
        );
    }
}
