//! Who is told of what, and how often.

use std::time::Duration;

use jiff::fmt::serde::unsigned_duration::friendly::compact::required as duration;
use serde::{Deserialize, Serialize};

use super::message::Address;
use super::notice::Kind;

/// Who is told of what, and how often.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Who is told of whatever is not said below. Default: `stock@made.com`.
    pub to: Vec<Address>,
    /// How long what follows a message of the same kind is gathered for a digest. Default: ten minutes; none:
    /// each goes by itself, at once.
    #[serde(with = "duration")]
    pub window: Duration,
    /// How many rows the table of a digest has at most; the others are counted. Default: 100.
    pub rows: usize,
    /// Who is told that a product ran out; empty: nobody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub out_of_stock: Option<Vec<Address>>,
    /// Who is told that a promise has changed; empty: nobody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub promise_changed: Option<Vec<Address>>,
    /// Who is told that a batch or shipment is late; empty: nobody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch_late: Option<Vec<Address>>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            to: "stock@made.com".parse().into_iter().collect(),
            window: Duration::from_mins(10),
            rows: 100,
            out_of_stock: None,
            promise_changed: None,
            batch_late: None,
        }
    }
}

impl Config {
    /// Who is told of this.
    pub fn recipients(&self, kind: Kind) -> &[Address] {
        let own = match kind {
            Kind::OutOfStock => &self.out_of_stock,
            Kind::PromiseChanged => &self.promise_changed,
            Kind::BatchLate => &self.batch_late,
        };
        own.as_ref().unwrap_or(&self.to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_book_is_told_by_default() {
        let config: Config = serde_json::from_str("{}").unwrap();
        assert_eq!(config, Config::default());
        for kind in Kind::ALL {
            let to: Vec<_> = config
                .recipients(kind)
                .iter()
                .map(Address::as_str)
                .collect();
            assert_eq!(to, ["stock@made.com"]);
        }
        assert_eq!(config.window, Duration::from_mins(10));
    }

    #[test]
    fn each_kind_may_have_its_own_readers_or_none() {
        let text = r#"{"to": ["a@x", "b@x"], "window": "90s", "promise_changed": ["c@x"], "batch_late": []}"#;
        let config: Config = serde_json::from_str(text).unwrap();
        let told = |kind| {
            config
                .recipients(kind)
                .iter()
                .map(Address::as_str)
                .collect::<Vec<_>>()
        };
        assert_eq!(told(Kind::OutOfStock), ["a@x", "b@x"]);
        assert_eq!(told(Kind::PromiseChanged), ["c@x"]);
        assert!(told(Kind::BatchLate).is_empty());
        assert_eq!(config.window, Duration::from_secs(90));
        let again: Config = serde_json::from_str(&serde_json::to_string(&config).unwrap()).unwrap();
        assert_eq!(again, config);
        for wrong in [r#"{"to": ["x"]}"#, r#"{"windw": "1m"}"#, r#"{"window": 7}"#] {
            serde_json::from_str::<Config>(wrong).unwrap_err();
        }
    }
}
