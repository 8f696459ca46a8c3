//! Names that are not ours, and which of ours may have been meant.

use super::keys::{KEYS, Key, PREFIX, Secret};

/// The key that a variable sets.
pub(super) fn by_variable(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.variable() == name)
}

/// The key whose value is in the file that a variable names: what nobody may see can be given so.
pub(super) fn by_file_variable(name: &str) -> Option<&'static Key> {
    let variable = name.strip_suffix("_FILE")?;
    by_variable(variable).filter(|key| key.secret != Secret::No)
}

/// Whether a variable that begins like ours is somebody else's: an orchestrator makes such for every service
/// whose name begins like this one's (`LANDFALL_PORT`, `LANDFALL_SERVICE_HOST`), and so do the tests.
pub(super) fn of_others(name: &str, value: &str) -> bool {
    let protocol = |rest: &str| {
        let digits = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        let protocols = ["_TCP", "_UDP", "_SCTP"];
        digits.len() < rest.len() && protocols.iter().any(|name| digits.starts_with(name))
    };
    name.ends_with("_SERVICE_HOST")
        || name.contains("_SERVICE_PORT")
        || name.ends_with("_PORT") && value.contains("://")
        || name.split("_PORT_").skip(1).any(protocol)
        || name.starts_with("LANDFALL_TEST_")
        || matches!(name, "LANDFALL_PG_BIN" | "LANDFALL_NATS_BIN")
}

/// For a key of the file: `; is … meant?`, or nothing where none is near.
pub(super) fn key(name: &str) -> String {
    let last = |name: &str| name.rsplit('.').next().unwrap_or_default().to_owned();
    let names = KEYS.iter().flat_map(|key| {
        let section = key.name.rsplit_once('.').map(|(section, _)| section);
        [Some(key.name), section].into_iter().flatten()
    });
    // In the wrong section, or in none: that is no error in the name.
    let same = KEYS.iter().find(|key| last(key.name) == last(name));
    let near = nearest(name, names);
    say(near.or(same.map(|key| key.name)))
}

/// The same for a variable.
pub(super) fn variable(name: &str) -> String {
    let names: Vec<_> = KEYS.iter().map(Key::variable).collect();
    let names = names.iter().map(String::as_str).chain(["LANDFALL_CONFIG"]);
    let inside = |name: &str| name.strip_prefix(PREFIX).unwrap_or_default().to_owned();
    let last = format!("_{}", inside(name));
    let same = names.clone().find(|ours| inside(ours).ends_with(&last));
    say(nearest(name, names).or(same))
}

/// The name from which the fewest errors lead to this one, if they are few.
fn nearest<'a>(name: &str, ours: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let own = name.strip_prefix(PREFIX).unwrap_or(name);
    let few = (own.chars().count() / 3).max(1);
    let errors = ours.map(|ours| (strsim::damerau_levenshtein(name, ours), ours));
    let (errors, nearest) = errors.min_by_key(|(errors, _)| *errors)?;
    (errors <= few).then_some(nearest)
}

fn say(name: Option<&str>) -> String {
    name.map_or_else(String::new, |name| format!("; is {name} meant?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_told() {
        for (given, told) in [
            ("handling_day", "handling_days"),
            ("handlign_days", "handling_days"),
            ("databse", "database"),
            ("postgres.writer", "postgres.writers"),
            ("writers", "postgres.writers"),
            ("postgras", "postgres"),
            ("redis.command.stream", "redis.commands.stream"),
            ("web_hooks", "webhooks"),
        ] {
            assert_eq!(key(given), format!("; is {told} meant?"), "{given}");
        }
        assert_eq!(key("colour"), "");
        for (given, told) in [
            ("LANDFALL_LISTN", "LANDFALL_LISTEN"),
            ("LANDFALL_HANDLING_DAY", "LANDFALL_HANDLING_DAYS"),
            ("LANDFALL_WRITERS", "LANDFALL_POSTGRES_WRITERS"),
            ("LANDFALL_CONFG", "LANDFALL_CONFIG"),
        ] {
            assert_eq!(variable(given), format!("; is {told} meant?"), "{given}");
        }
        assert_eq!(variable("LANDFALL_COLOUR"), "");
    }

    #[test]
    fn what_an_orchestrator_makes_is_its_own() {
        for (name, value) in [
            ("LANDFALL_PORT", "tcp://10.0.0.1:5005"),
            ("LANDFALL_PORT_5005_TCP", "tcp://10.0.0.1:5005"),
            ("LANDFALL_PORT_5005_TCP_ADDR", "10.0.0.1"),
            ("LANDFALL_SERVICE_HOST", "10.0.0.1"),
            ("LANDFALL_SERVICE_PORT", "5005"),
            ("LANDFALL_SERVICE_PORT_HTTP", "5005"),
            ("LANDFALL_REDIS_PORT_6379_TCP_PROTO", "tcp"),
            ("LANDFALL_TEST_REDIS", "redis://127.0.0.1:1"),
        ] {
            assert!(of_others(name, value), "{name}");
        }
        for (name, value) in [("LANDFALL_PORT", "5005"), ("LANDFALL_LISTN", "tcp://x")] {
            assert!(!of_others(name, value), "{name}");
        }
    }

    #[test]
    fn only_secrets_are_read_from_files_of_their_own() {
        let name = |variable: &str| by_file_variable(variable).map(|key| key.name);
        assert_eq!(name("LANDFALL_DATABASE_FILE"), Some("database"));
        assert_eq!(name("LANDFALL_MAIL_URL_FILE"), Some("mail.url"));
        assert_eq!(name("LANDFALL_KEY_FILE"), Some("key"));
        assert_eq!(name("LANDFALL_LISTEN_FILE"), None);
        // This is a key of its own.
        assert!(by_variable("LANDFALL_NATS_CREDENTIALS_FILE").is_some());
    }
}
