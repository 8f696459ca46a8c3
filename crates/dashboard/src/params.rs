//! The query of a page's address: filters, sorts, places in a list.

use std::str::FromStr;

use jiff::civil::Date;
use landfall_domain::commands::parse_day;
use landfall_service::wire::FieldError;

/// No name is longer, in characters.
const MAX_NAME: usize = 255;

/// Parameters in their order. What a page does not know it carries on unread.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Params(Vec<(String, String)>);

impl Params {
    /// Of a query.
    pub(crate) fn read(query: &str) -> Self {
        let pairs = form_urlencoded::parse(query.as_bytes()).into_owned();
        // An empty field of a form says nothing.
        Self(pairs.filter(|(_, value)| !value.is_empty()).collect())
    }

    /// The first value with this name.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let mut found = self.0.iter().filter(|(key, _)| key == name);
        found.next().map(|(_, value)| value.as_str())
    }

    /// All values with this name, in their order.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        let found = self.0.iter().filter(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str()).collect()
    }

    /// The same with one more value for a name.
    pub(crate) fn and(mut self, name: &str, value: &str) -> Self {
        self.0.push((name.into(), value.into()));
        self
    }

    /// The names of all that is asked.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// A value that is read; what is wrong with it goes to `errors`.
    pub(crate) fn parse<T>(&self, name: &str, errors: &mut Vec<FieldError>) -> Option<T>
    where
        T: FromStr,
        T::Err: std::fmt::Display,
    {
        let text = self.get(name)?;
        text.trim()
            .parse()
            .map_err(|error: T::Err| errors.push(wrong(name, &error)))
            .ok()
    }

    /// A date.
    pub(crate) fn day(&self, name: &str, errors: &mut Vec<FieldError>) -> Option<Date> {
        let text = self.get(name)?;
        parse_day(text.trim())
            .map_err(|error| errors.push(wrong(name, &error)))
            .ok()
    }

    /// The beginning of a name.
    pub(crate) fn prefix(&self, name: &str, errors: &mut Vec<FieldError>) -> Option<String> {
        let text = self.get(name)?.trim();
        if text.chars().count() > MAX_NAME || text.chars().any(char::is_control) {
            errors.push(wrong(
                name,
                &"must be the beginning of a name: 255 characters at most, and no control characters",
            ));
            return None;
        }
        Some(text.to_owned()).filter(|text| !text.is_empty())
    }

    /// One of these words.
    pub(crate) fn one_of<'a, T: Copy>(
        &self,
        name: &str,
        choices: &'a [(&'a str, T)],
        errors: &mut Vec<FieldError>,
    ) -> Option<T> {
        let text = self.get(name)?;
        let found = choices.iter().find(|(word, _)| *word == text);
        if found.is_none() {
            let words: Vec<_> = choices.iter().map(|(word, _)| *word).collect();
            errors.push(wrong(name, &format!("must be one of {}", words.join(", "))));
        }
        found.map(|(_, value)| *value)
    }

    /// The same with another value for one name, or without it.
    pub(crate) fn with(&self, name: &str, value: Option<&str>) -> Self {
        let mut pairs: Vec<_> = self.0.clone();
        pairs.retain(|(key, _)| key != name);
        if let Some(value) = value {
            pairs.push((name.into(), value.into()));
        }
        Self(pairs)
    }

    /// An address with these.
    pub(crate) fn url(&self, path: &str) -> String {
        if self.0.is_empty() {
            return path.to_owned();
        }
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(&self.0);
        format!("{path}?{}", query.finish())
    }

    /// Name and value of all but these: hidden fields of a form that is sent by GET.
    pub(crate) fn others(&self, but: &[&str]) -> Vec<(String, String)> {
        let others = self.0.iter().filter(|(key, _)| !but.contains(&&**key));
        others.cloned().collect()
    }
}

fn wrong(field: &str, error: &dyn std::fmt::Display) -> FieldError {
    FieldError {
        field: field.into(),
        message: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_read_and_written() {
        let params = Params::read("sku=A%2FB+1&empty=&eta_until=2027-01-05&sku=second");
        assert_eq!(params.get("sku"), Some("A/B 1"));
        assert_eq!(params.get("empty"), None);
        let mut errors = Vec::new();
        assert!(params.day("eta_until", &mut errors).is_some());
        assert!(errors.is_empty());
        let next = params.with("sku", None).with("cursor", Some("a b"));
        assert_eq!(
            next.url("/batches"),
            "/batches?eta_until=2027-01-05&cursor=a+b"
        );
        assert_eq!(Params::default().url("/"), "/");
    }

    #[test]
    fn what_is_wrong_is_said_by_its_name() {
        let params = Params::read("eta_until=soon&held=perhaps&prefix=a%00b&sku=+S+");
        let mut errors = Vec::new();
        assert_eq!(params.prefix("prefix", &mut errors), None);
        assert_eq!(
            errors.pop().map(|error| error.field).as_deref(),
            Some("prefix")
        );
        assert_eq!(params.prefix("sku", &mut errors).as_deref(), Some("S"));
        assert_eq!(params.day("eta_until", &mut errors), None);
        let choices = [("yes", true), ("no", false)];
        assert_eq!(params.one_of("held", &choices, &mut errors), None);
        let fields: Vec<_> = errors.iter().map(|error| &*error.field).collect();
        assert_eq!(fields, ["eta_until", "held"]);
        assert_eq!(errors[1].message, "must be one of yes, no");
    }
}
