//! One endpoint, as the configuration says it. Nothing here prints a secret: of the URL only the server is
//! shown, because what comes after it may be one.

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Uri, header};
use landfall_domain::Event;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::signature::Secret;

/// Where events are sent to, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Endpoint {
    /// What it is called: its sink is `webhook:NAME`, and its cursor goes by that.
    pub name: Name,
    /// Where to.
    pub url: Target,
    /// `whsec_…`, or a list of several while the receiver changes from one to the next.
    #[serde(alias = "secret")]
    pub secrets: Secrets,
    /// The types of the events that it wants; empty: all.
    #[serde(default)]
    pub events: EventFilter,
    /// How long an answer may take, from looking up the name on; at most 20 seconds.
    #[serde(default = "ten_seconds", with = "duration")]
    pub timeout: Duration,
    /// Headers to send along, such as `authorization`.
    #[serde(default)]
    pub headers: Headers,
    /// How often an event is tried that the endpoint refuses, before it is a dead letter.
    #[serde(default = "three")]
    pub attempts: u32,
    /// How long the endpoint may be down before events that have waited as long are dead letters.
    #[serde(default = "three_days", with = "duration")]
    pub give_up: Duration,
    /// May it be on this machine or in its network?
    #[serde(default)]
    pub allow_private: bool,
    /// May it be without TLS? Inside a private network that was allowed it may anyway.
    #[serde(default)]
    pub allow_http: bool,
    /// A file in PEM with authorities to trust beside those of the system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
}

use jiff::fmt::serde::unsigned_duration::friendly::compact::required as duration;

/// What takes longer is no receipt but the work itself.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(20);

fn ten_seconds() -> Duration {
    Duration::from_secs(10)
}

fn three() -> u32 {
    3
}

fn three_days() -> Duration {
    Duration::from_hours(72)
}

impl Endpoint {
    /// The name of its sink.
    pub fn sink(&self) -> String {
        format!("webhook:{}", self.name.0)
    }

    /// What does not go together, said for people.
    pub(crate) fn check(&self) -> Result<(), String> {
        if self.timeout.is_zero() || self.timeout > LONGEST_TIMEOUT {
            return Err("timeout must be more than nothing and at most 20 s".into());
        }
        if self.attempts == 0 {
            return Err("attempts must be at least 1".into());
        }
        if !self.url.is_https() && !self.allow_http && !self.allow_private {
            return Err(
                "http:// is for private networks (allow_private) or where allow_http says so"
                    .into(),
            );
        }
        Ok(())
    }
}

/// What an endpoint is called: 1 to 64 of `a-z`, `0-9`, `-`, `_`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Name(String);

impl Name {
    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Name {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fine = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || b"-_".contains(&c);
        if (1..=64).contains(&text.len()) && text.bytes().all(fine) {
            Ok(Self(text.to_owned()))
        } else {
            Err("a webhook's name is 1 to 64 of a-z, 0-9, - and _")
        }
    }
}

/// A URL with `https` or `http`. Shown without its path and query.
#[derive(Clone, PartialEq, Eq)]
pub struct Target(Uri);

impl Target {
    /// The whole of it.
    pub(crate) fn uri(&self) -> &Uri {
        &self.0
    }

    pub(crate) fn is_https(&self) -> bool {
        self.0.scheme_str() == Some("https")
    }
}

impl FromStr for Target {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "a webhook's url is https://HOST/… or http://HOST/…";
        let uri: Uri = text.parse().map_err(|_| WRONG)?;
        if !matches!(uri.scheme_str(), Some("https" | "http")) {
            return Err(WRONG);
        }
        let authority = uri.authority().ok_or(WRONG)?;
        if authority.as_str().contains('@') {
            return Err("a webhook's url has no user and password; send an authorization header");
        }
        // `host:` and `host:99999` parse as an authority, and are none.
        let port = authority.as_str().strip_prefix(authority.host());
        if authority.host().is_empty() || (port != Some("") && authority.port_u16().is_none()) {
            return Err(WRONG);
        }
        Ok(Self(uri))
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.0.scheme_str().unwrap_or_default();
        let authority = self.0.authority().map_or("", |a| a.as_str());
        let rest = match self.0.path_and_query().map_or("/", |p| p.as_str()) {
            "/" => "",
            _ => "/***",
        };
        write!(f, "{scheme}://{authority}{rest}")
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Target {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// At least one secret; each signs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secrets(pub(crate) Vec<Secret>);

impl<'de> Deserialize<'de> for Secrets {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum OneOrMany {
            One(String),
            Many(Vec<String>),
        }
        let wrong = || D::Error::custom("`secret` must be whsec_… or a list of such");
        let texts = match OneOrMany::deserialize(deserializer).map_err(|_| wrong())? {
            OneOrMany::One(text) => vec![text],
            OneOrMany::Many(texts) => texts,
        };
        if texts.is_empty() {
            return Err(wrong());
        }
        let secrets = texts.iter().map(|text| text.parse());
        secrets
            .collect::<Result<_, _>>()
            .map(Self)
            .map_err(D::Error::custom)
    }
}

impl Serialize for Secrets {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|_| "whsec_***"))
    }
}

/// The types of events that an endpoint wants; empty: all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct EventFilter(BTreeSet<String>);

impl EventFilter {
    /// Does it want events of this type?
    pub(crate) fn wants(&self, kind: &str) -> bool {
        self.0.is_empty() || self.0.contains(kind)
    }
}

impl<'de> Deserialize<'de> for EventFilter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let kinds = BTreeSet::<String>::deserialize(deserializer)?;
        // A misspelt type would silently never come.
        match kinds
            .iter()
            .find(|kind| !Event::KINDS.contains(&kind.as_str()))
        {
            None => Ok(Self(kinds)),
            Some(kind) => Err(D::Error::custom(format!(
                "{kind:?} is no type of event; there are {}",
                Event::KINDS.join(", ")
            ))),
        }
    }
}

/// Headers to send along. Their values are not shown.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Headers(pub(crate) HeaderMap);

/// What the message itself says, and nobody else may.
const OURS: [HeaderName; 10] = [
    header::HOST,
    header::CONTENT_TYPE,
    header::CONTENT_ENCODING,
    header::CONTENT_LENGTH,
    header::EXPECT,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::CONNECTION,
    header::UPGRADE,
];

impl<'de> Deserialize<'de> for Headers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let texts = std::collections::BTreeMap::<String, String>::deserialize(deserializer)?;
        let mut headers = HeaderMap::with_capacity(texts.len());
        for (name, value) in texts {
            let wrong = |what: &str| D::Error::custom(format!("header {name:?} {what}"));
            let known: HeaderName = name.parse().map_err(|_| wrong("is no header"))?;
            if OURS.contains(&known) || known.as_str().starts_with("webhook-") {
                return Err(wrong("is Landfall's own"));
            }
            let value = HeaderValue::from_str(&value);
            let mut value = value.map_err(|_| wrong("has a value that no header can have"))?;
            value.set_sensitive(true);
            if headers.insert(known, value).is_some() {
                return Err(wrong("is there twice"));
            }
        }
        Ok(Self(headers))
    }
}

impl Serialize for Headers {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.keys().map(|name| (name.as_str(), "***")))
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.0.keys().map(|name| (name.as_str(), "***"));
        f.debug_map().entries(names).finish()
    }
}

/// Reads what has a text form.
fn from_text<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err = &'static str>,
{
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(D::Error::custom)
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer)
    }
}

impl<'de> Deserialize<'de> for Target {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer)
    }
}

#[cfg(test)]
#[path = "endpoint_tests.rs"]
mod tests;
