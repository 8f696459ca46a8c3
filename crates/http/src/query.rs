//! Query strings: what is wrong with them is named, and nothing in them is overlooked.

use jiff::civil::Date;
use landfall_domain::commands::parse_day;
use landfall_service::wire::FieldError;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};

use crate::problems::Problem;

/// Reads the parameters. The types that are read deny unknown fields: a mistyped filter that was ignored
/// would give a list that looks right and is not.
pub(crate) fn read<T: DeserializeOwned>(query: Option<&str>) -> Result<T, Problem> {
    let pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    serde_path_to_error::deserialize(serde_urlencoded::Deserializer::new(pairs)).map_err(|error| {
        Problem::of_fields(vec![explain(
            &error.path().to_string(),
            &error.inner().to_string(),
        )])
    })
}

/// A parameter that is a date, as in a command.
pub(crate) fn day<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Date>, D::Error> {
    let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
    parse_day(&text).map(Some).map_err(D::Error::custom)
}

/// Refuses all parameters: a `dry_run` on a route that does not know it must not be done in earnest.
pub(crate) fn none(query: Option<&str>) -> Result<(), Problem> {
    let first = query.and_then(|query| form_urlencoded::parse(query.as_bytes()).next());
    match first {
        None => Ok(()),
        Some((name, _)) => Err(Problem::ill_formed(
            name,
            "is a query parameter that this route does not have",
        )),
    }
}

fn explain(path: &str, text: &str) -> FieldError {
    let quoted = |prefix: &str| {
        let (name, rest) = text.strip_prefix(prefix)?.split_once('`')?;
        Some((name.to_owned(), rest.to_owned()))
    };
    if let Some((field, rest)) = quoted("unknown field `") {
        let message = format!("is a query parameter that this route does not have{rest}");
        return FieldError { field, message };
    }
    if let Some((field, _)) = quoted("duplicate field `") {
        return FieldError {
            field,
            message: "is given twice".into(),
        };
    }
    if let Some((field, _)) = quoted("missing field `") {
        return FieldError {
            field,
            message: "is missing".into(),
        };
    }
    if let Some((_, expected)) = quoted("unknown variant `") {
        let one_of = expected
            .trim_start_matches(", expected ")
            .trim_start_matches("one of ");
        let message = format!("must be {one_of}");
        return FieldError {
            field: path.to_owned(),
            message,
        };
    }
    let message = match text {
        "provided string was not `true` or `false`" => "must be true or false".to_owned(),
        _ if ["digit", "integer", "number too"]
            .iter()
            .any(|word| text.contains(word)) =>
        {
            "must be a whole number".to_owned()
        }
        _ if text.starts_with("must ") => text.to_owned(),
        _ => format!("cannot be read: {text}"),
    };
    FieldError {
        field: path.to_owned(),
        message,
    }
}

#[cfg(test)]
mod tests {
    use landfall_domain::Sku;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Filter {
        sku: Option<Sku>,
        limit: Option<u16>,
        available: Option<bool>,
        #[serde(default, deserialize_with = "day")]
        until: Option<Date>,
    }

    fn wrong(query: &str) -> (String, String) {
        let problem = read::<Filter>(Some(query)).unwrap_err();
        (
            problem.errors()[0].field.clone(),
            problem.errors()[0].message.clone(),
        )
    }

    #[test]
    fn parameters_are_decoded() {
        let filter: Filter = read(Some(
            "sku=A%2FB+%C3%A4&limit=7&available=true&until=2026-05-31",
        ))
        .unwrap();
        assert_eq!(filter.sku.unwrap().as_str(), "A/B ä");
        assert_eq!((filter.limit, filter.available), (Some(7), Some(true)));
        assert_eq!(filter.until, Some(jiff::civil::date(2026, 5, 31)));
        assert!(read::<Filter>(None).is_ok());
    }

    #[test]
    fn what_is_wrong_is_named() {
        let whole = ("limit".to_owned(), "must be a whole number".to_owned());
        for bad in ["limit=many", "limit=", "limit=-1", "limit=99999999"] {
            assert_eq!(wrong(bad), whole, "{bad}");
        }
        let (field, message) = wrong("available=perhaps");
        assert_eq!((&*field, &*message), ("available", "must be true or false"));
        let (field, message) = wrong("until=2026-02-30");
        assert_eq!(
            (&*field, &*message),
            ("until", "must be a date such as 2026-12-31")
        );
        assert_eq!(wrong("sku=").0, "sku");
        assert_eq!(wrong("sku=a%0Ab").0, "sku");
        assert_eq!(
            wrong("limit=1&limit=2"),
            ("limit".into(), "is given twice".into())
        );
        let (field, message) = wrong("stat=x");
        assert_eq!(field, "stat");
        assert!(message.contains("`available`"), "{message}");
    }

    #[test]
    fn a_route_without_parameters_takes_none() {
        assert!(none(None).is_ok());
        assert!(none(Some("")).is_ok());
        let problem = none(Some("dry_run=true")).unwrap_err();
        assert_eq!(problem.errors()[0].field, "dry_run");
    }
}
