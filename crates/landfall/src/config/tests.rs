//! Tests of the configuration.

use super::*;

fn settings(variables: &[(&str, &str)], file: &str) -> Result<Settings, CliError> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("landfall.toml");
    std::fs::write(&path, file).unwrap();
    let variables = variables.iter().map(|(k, v)| (k.into(), v.into()));
    Settings::from_layers(None, variables, &path)
}

fn wrong(variables: &[(&str, &str)], file: &str) -> String {
    match settings(variables, file).unwrap_err() {
        CliError::Usage(message) => message,
        other => panic!("{other:?}"),
    }
}

#[test]
fn flags_come_before_variables_before_the_file() {
    let file = "listen = 'file:1'\nhandling_days = 3\ndatabase = 'sqlite:file.db'\n";
    let settings = settings(&[("LANDFALL_LISTEN", "variable:2")], file).unwrap();
    assert_eq!(settings.listen(Some("flag:3".into())), "flag:3");
    assert_eq!(settings.listen(None), "variable:2");
    let none = DatabaseArgs { database: None };
    assert_eq!(settings.database(&none).to_string(), "sqlite:file.db");
    let flag = DatabaseArgs {
        database: Some(Database::Memory),
    };
    assert_eq!(settings.database(&flag), Database::Memory);
    let args = CalendarArgs {
        today: None,
        time_zone: None,
        handling_days: None,
    };
    assert_eq!(settings.calendar(&args).unwrap().handling_days, 3);
}

#[test]
fn without_any_the_defaults_hold() {
    let settings = Settings::default();
    assert_eq!(settings.listen(None), "127.0.0.1:5005");
    let none = DatabaseArgs { database: None };
    assert_eq!(settings.database(&none).to_string(), "sqlite:landfall.db");
    assert_eq!(settings.zone(None), TimeZone::UTC);
    assert_eq!(settings.remember_days(), 7);
    assert_eq!(settings.key_rate(None), 10_000);
    assert_eq!(settings.threads(None), 0);
    assert_eq!(settings.key(None), None);
}

#[test]
fn an_unknown_key_is_refused_by_name() {
    let error = wrong(&[], "listen = 'a:1'\nhandling_day = 3\n");
    assert!(error.contains("landfall.toml: line 2"), "{error}");
    assert!(error.contains("handling_day"), "{error}");
}

#[test]
fn a_wrong_value_is_refused_by_name() {
    let error = wrong(&[("LANDFALL_HANDLING_DAYS", "many")], "");
    assert!(
        error.starts_with("LANDFALL_HANDLING_DAYS must be"),
        "{error}"
    );
    let error = wrong(&[("LANDFALL_TIME_ZONE", "Atlantis")], "");
    assert!(error.starts_with("LANDFALL_TIME_ZONE is not"), "{error}");
    let error = wrong(&[], "time_zone = 'Atlantis'");
    assert!(
        error.contains("line 1: time_zone is not a time zone"),
        "{error}"
    );
    let error = wrong(&[], "handling_days = -1");
    assert!(error.contains("line 1"), "{error}");
}

#[test]
fn an_unknown_variable_is_refused_with_the_nearest_one() {
    let error = wrong(&[("LANDFALL_HANDLING_DAY", "3")], "");
    assert_eq!(
        error,
        "unknown variable LANDFALL_HANDLING_DAY; is LANDFALL_HANDLING_DAYS meant?"
    );
    // Of the variables of others nothing is said.
    assert!(settings(&[("LANDFILL_HANDLING_DAY", "3")], "").is_ok());
}

#[test]
fn a_secret_may_be_in_a_file_of_its_own() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("database");
    std::fs::write(&path, "postgres://u:secret@h/db\n").unwrap();
    let path = path.to_str().unwrap();
    let read = settings(&[("LANDFALL_DATABASE_FILE", path)], "").unwrap();
    let none = DatabaseArgs { database: None };
    let server: Database = "postgres://u:secret@h/db".parse().unwrap();
    assert_eq!(read.database(&none), server);
    let both = [
        ("LANDFALL_DATABASE_FILE", path),
        ("LANDFALL_DATABASE", "memory:"),
    ];
    let error = wrong(&both, "");
    assert!(error.contains("are both set"), "{error}");
    let error = wrong(&[("LANDFALL_DATABASE_FILE", "/no/such")], "");
    assert!(
        error.starts_with("LANDFALL_DATABASE_FILE: cannot read /no/such"),
        "{error}"
    );
    let error = wrong(&[("LANDFALL_LISTEN_FILE", path)], "");
    assert!(error.contains("unknown variable"), "{error}");
}

#[test]
fn an_empty_variable_and_one_of_somebody_else_count_as_absent() {
    let variables = [
        ("LANDFALL_LISTEN", ""),
        ("LANDFALL_PORT", "tcp://10.0.0.1:1"),
    ];
    let settings = settings(&variables, "").unwrap();
    assert_eq!(settings.listen(None), "127.0.0.1:5005");
}

#[test]
fn a_named_file_has_to_be_there() {
    let missing = Path::new("no/such/landfall.toml");
    let error = Settings::from_layers(Some(missing), [], missing).unwrap_err();
    assert!(error.to_string().contains("no/such/landfall.toml"));
    assert!(Settings::from_layers(None, [], missing).is_ok());
    let variables = [("LANDFALL_CONFIG".into(), missing.into())];
    assert!(Settings::from_layers(None, variables, missing).is_err());
}

#[test]
fn answers_are_remembered_for_a_week_at_least() {
    let error = wrong(&[], "remember_days = 2");
    assert!(
        error.contains("remember_days must be a whole number from 7"),
        "{error}"
    );
    assert_eq!(
        settings(&[], "remember_days = 30").unwrap().remember_days(),
        30
    );
}

#[test]
fn a_database_is_a_file_a_server_or_memory() {
    let path = |text: &str| match text.parse() {
        Ok(Database::Sqlite(path)) => path,
        other => panic!("{text}: {other:?}"),
    };
    assert_eq!(path("sqlite:a/b.db"), Path::new("a/b.db"));
    assert_eq!(path("sqlite:/a/b.db"), Path::new("/a/b.db"));
    assert_eq!(path("sqlite:///a/b.db"), Path::new("/a/b.db"));
    assert_eq!("memory:".parse(), Ok(Database::Memory));
    let refused = |text: &str| text.parse::<Database>().unwrap_err();
    let server: Database = "postgres://u:secret@h/db".parse().unwrap();
    assert_eq!(server.to_string(), "postgres://u:***@h/db");
    assert_eq!(format!("{server:?}"), "postgres://u:***@h/db");
    assert!(refused("sqlite:").contains("needs a path"));
    assert!(refused("landfall.db").contains("must be sqlite:PATH"));
}

#[test]
fn a_date_is_a_date_and_nothing_more() {
    assert_eq!(
        parse_date("2026-12-31"),
        Ok(jiff::civil::date(2026, 12, 31))
    );
    for text in [
        "2026-12-32",
        "31-12-2026",
        "2026-1-1",
        "20261231",
        "2026-12-31T00:00",
        "",
        "+2026-1-01",
    ] {
        assert!(parse_date(text).is_err(), "{text}");
    }
}

#[test]
fn an_unknown_key_of_a_section_is_refused_too() {
    let error = wrong(&[], "[postgres]\nwriter = 2\n");
    assert!(
        error.contains("line 2: unknown key postgres.writer"),
        "{error}"
    );
    assert!(error.contains("is postgres.writers meant?"), "{error}");
    let error = wrong(&[], "[postgras]\nwriters = 2\n");
    assert!(error.contains("line 1: unknown key postgras"), "{error}");
}

#[test]
fn a_section_is_put_together_of_all_who_say_something() {
    #[derive(Debug, serde::Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Postgres {
        writers: u16,
        partitions: u16,
    }
    let file = "[postgres]\nwriters = 2\npartitions = 8\n";
    let settings = settings(&[("LANDFALL_POSTGRES_WRITERS", "3")], file).unwrap();
    let section = |flags: &[(&str, Option<toml::Value>)]| {
        settings
            .section::<Postgres>("postgres", flags)
            .unwrap()
            .unwrap()
    };
    let (writers, partitions) = (3, 8);
    assert_eq!(
        section(&[]),
        Postgres {
            writers,
            partitions
        }
    );
    let flags = [("writers", Some(4.into())), ("partitions", None)];
    let writers = 4;
    assert_eq!(
        section(&flags),
        Postgres {
            writers,
            partitions
        }
    );
    let nobody = Settings::default().section::<Postgres>("postgres", &[]);
    assert_eq!(nobody.unwrap(), None);
    let missing =
        Settings::default().section::<Postgres>("postgres", &[("writers", Some(1.into()))]);
    let error = missing.unwrap_err().to_string();
    assert!(
        error.contains("postgres: missing field `partitions`"),
        "{error}"
    );
}
