//! Mail to a real server: what it is handed, and what becomes of what it does not take.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod digest;
mod taken;
mod tls;
mod troubles;

use std::sync::Arc;

use landfall_mail::{Config, SmtpMailer};
use landfall_service::notices::Message;
use landfall_testkit::clock::FixedClock;

fn mailer(url: &str) -> SmtpMailer {
    mailer_with(url, "")
}

fn mailer_with(url: &str, more: &str) -> SmtpMailer {
    let config: Config = toml::from_str(&format!("url = \"{url}\"\n{more}")).unwrap();
    SmtpMailer::new(&config, FixedClock::new())
        .unwrap()
        .unwrap()
}

fn message(subject: &str, body: &str) -> Message {
    Message {
        id: "notice.out-of-stock.0-7.1".into(),
        to: vec!["stock@made.com".parse().unwrap()],
        subject: subject.into(),
        body: body.into(),
    }
}

/// A message to two.
fn to_both() -> Message {
    let more = ["stock@made.com", "gone@made.com"];
    Message {
        to: more
            .iter()
            .map(|address| address.parse().unwrap())
            .collect(),
        ..message("subject", "body")
    }
}

fn clock() -> Arc<FixedClock> {
    FixedClock::new()
}
