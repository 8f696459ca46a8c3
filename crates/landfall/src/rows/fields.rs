//! The fields of a row: text and numbers with the rules of the model, and reasons that people can group.

use std::fmt::Display;
use std::str::FromStr;

use csv::ByteRecord;
use jiff::civil::Date;
use landfall_domain::Quantity;
use landfall_domain::values::MAX_QUANTITY;

use super::columns::Mapping;
use crate::config::parse_date;

/// A column of a file: where it is and what the file calls it.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    at: Option<usize>,
    name: String,
}

impl Field {
    pub(crate) fn new(at: Option<usize>, ours: &str, mapping: &Mapping) -> Self {
        Self {
            at,
            name: mapping.name(ours).to_owned(),
        }
    }

    /// Its text in this row; empty where the file does not have the column.
    pub(crate) fn text<'r>(&self, record: &'r ByteRecord) -> Result<&'r str, String> {
        let bytes = self.at.and_then(|at| record.get(at)).unwrap_or_default();
        std::str::from_utf8(bytes).map_err(|_| format!("{} is not UTF-8", self.name))
    }

    /// Its text, which has to be there.
    pub(crate) fn required<'r>(&self, record: &'r ByteRecord) -> Result<&'r str, String> {
        match self.text(record)? {
            "" => Err(format!("{} is empty", self.name)),
            text => Ok(text),
        }
    }

    /// What the text means by the rules of the model, or what is wrong with it.
    pub(crate) fn read<T: FromStr<Err: Display>>(&self, text: &str) -> Result<T, String> {
        text.parse().map_err(|error| self.wrong(&error))
    }

    /// What may be absent.
    pub(crate) fn optional<T: FromStr<Err: Display>>(
        &self,
        record: &ByteRecord,
    ) -> Result<Option<T>, String> {
        match self.text(record)? {
            "" => Ok(None),
            text => self.read(text).map(Some),
        }
    }

    /// A reason, after the name of the column.
    pub(crate) fn wrong(&self, reason: &dyn Display) -> String {
        format!("{} {reason}", self.name)
    }

    /// A day, where there is one.
    pub(crate) fn date(&self, record: &ByteRecord) -> Result<Option<Date>, String> {
        match self.text(record)?.trim() {
            "" => Ok(None),
            text => parse_date(text)
                .map(Some)
                .map_err(|reason| format!("{} `{text}` {reason}", self.name)),
        }
    }

    /// A quantity. `negative` says what a negative one means here.
    pub(crate) fn quantity(&self, record: &ByteRecord, negative: &str) -> Result<Quantity, String> {
        let text = self.required(record)?.trim();
        let Ok(units) = text.parse::<i128>() else {
            return Err(format!("{} `{text}` is not a whole number", self.name));
        };
        match u64::try_from(units) {
            Err(_) if units < 0 => Err(format!("negative quantity {units}: {negative}")),
            Ok(0) => Err("zero quantity".into()),
            units => units
                .ok()
                .and_then(|units| Quantity::new(units).ok())
                .ok_or_else(|| format!("quantity {text} is more than {MAX_QUANTITY}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(name: &str) -> Field {
        Field::new(Some(0), name, &Mapping::default())
    }

    fn quantity(text: &str) -> Result<u64, String> {
        let record = ByteRecord::from(vec![text]);
        let quantity = field("qty").quantity(&record, "a return");
        quantity.map(Quantity::get)
    }

    #[test]
    fn a_quantity_is_a_whole_number_in_its_range() {
        assert_eq!(quantity("6"), Ok(6));
        assert_eq!(quantity(" 6 "), Ok(6));
        assert_eq!(quantity("1000000000000"), Ok(1_000_000_000_000));
        for (text, reason) in [
            ("-3", "negative quantity -3: a return"),
            ("-0", "zero quantity"),
            ("0", "zero quantity"),
            ("", "qty is empty"),
            ("6.0", "qty `6.0` is not a whole number"),
            ("six", "qty `six` is not a whole number"),
            (
                "1000000000001",
                "quantity 1000000000001 is more than 1000000000000",
            ),
            (
                "99999999999999999999",
                "quantity 99999999999999999999 is more than 1000000000000",
            ),
        ] {
            assert_eq!(quantity(text), Err(reason.into()), "{text}");
        }
    }

    #[test]
    fn a_date_may_be_absent_but_not_wrong() {
        let date = |text: &str| field("eta").date(&ByteRecord::from(vec![text]));
        assert_eq!(date(""), Ok(None));
        assert_eq!(
            date("2026-12-31"),
            Ok(Some(jiff::civil::date(2026, 12, 31)))
        );
        let error = date("31/12/2026").unwrap_err();
        assert_eq!(error, "eta `31/12/2026` is not a date such as 2026-12-31");
    }

    #[test]
    fn text_has_to_be_utf_8() {
        let record = ByteRecord::from(vec![&b"caf\xe9"[..]]);
        assert_eq!(field("sku").text(&record), Err("sku is not UTF-8".into()));
        let absent = Field::new(None, "sku", &Mapping::default());
        assert_eq!(absent.text(&record), Ok(""));
    }
}
