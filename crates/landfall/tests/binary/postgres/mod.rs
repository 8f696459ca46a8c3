//! The real binary on a real PostgreSQL: several replicas, outages, copies.

mod backup;
mod crowd;
mod ledger;
mod outages;
mod replicas;
mod sinks;
mod tls;
mod traces;
mod views;

use landfall_testkit::servers::postgres::rows;
use serde_json::Value;

use crate::support::{Place, Ran, Service};

/// A directory whose configuration names a database, and what else.
struct Shop {
    place: Place,
    url: String,
}

impl Shop {
    /// `more`: more of the configuration.
    fn on(url: String, more: &str) -> Self {
        let place = Place::new();
        place.write(
            "landfall.toml",
            format!("database = {}\n{more}", Value::from(url.as_str())),
        );
        Self { place, url }
    }

    /// Starts a service of this name.
    fn serve(&self, name: &str) -> Service {
        let mut command = self.place.command(["serve", "--listen", "127.0.0.1:0"]);
        command.env("LANDFALL_REPLICA", name);
        Service::start_command(command)
    }

    /// Runs a command to its end.
    fn run(&self, arguments: &[&str]) -> Ran {
        self.place.run(arguments)
    }

    /// Everything adds up.
    #[track_caller]
    fn adds_up(&self) -> Value {
        let audit = self.place.audit();
        assert_eq!(audit["ok"], true, "{audit:#}");
        audit
    }

    /// What the database itself says.
    fn rows(&self, sql: &str) -> Vec<Vec<String>> {
        rows(&self.url, sql)
    }

    /// A number from the database itself.
    #[track_caller]
    fn count(&self, sql: &str) -> u64 {
        self.rows(sql)[0][0].parse().unwrap()
    }
}
