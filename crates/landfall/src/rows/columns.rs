//! Which column of a file means what.

use std::str::FromStr;

use csv::ByteRecord;

/// What we call a column, and whether a file can do without it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    pub(crate) name: &'static str,
    pub(crate) required: bool,
}

/// A column that every file of the kind has.
pub(crate) const fn required(name: &'static str) -> Column {
    Column {
        name,
        required: true,
    }
}

/// A column that a file may have.
pub(crate) const fn optional(name: &'static str) -> Column {
    Column {
        name,
        required: false,
    }
}

/// What a file calls our columns, where it calls them otherwise: `orderid=InvoiceNo,qty=Quantity`. A
/// name with a comma is quoted as in CSV: `"qty=Quantity, pieces"`. Nothing after the `=`: the file does
/// not have it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Mapping(Vec<(String, String)>);

impl FromStr for Mapping {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .from_reader(text.as_bytes());
        let mut record = csv::StringRecord::new();
        let read = reader.read_record(&mut record);
        if !read.is_ok_and(|read| read) {
            return Err("must be such as orderid=InvoiceNo,qty=Quantity".into());
        }
        let mut pairs: Vec<(String, String)> = Vec::new();
        for part in &record {
            let Some((ours, theirs)) = part.split_once('=') else {
                return Err(format!("`{part}` must be such as orderid=InvoiceNo"));
            };
            let ours = ours.trim();
            if pairs.iter().any(|pair| pair.0 == ours) {
                return Err(format!("`{ours}` is named twice"));
            }
            pairs.push((ours.to_owned(), theirs.to_owned()));
        }
        Ok(Self(pairs))
    }
}

impl Mapping {
    /// What the file calls our column.
    pub(crate) fn name<'a>(&'a self, ours: &'a str) -> &'a str {
        self.given(ours).unwrap_or(ours)
    }

    fn given(&self, ours: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|pair| pair.0 == ours)
            .map(|pair| pair.1.as_str())
    }

    /// Refuses names that are none of these columns'.
    pub(crate) fn check(&self, columns: &[Column]) -> Result<(), String> {
        for (ours, _) in &self.0 {
            if !columns.iter().any(|column| column.name == ours) {
                let names: Vec<_> = columns.iter().map(|column| column.name).collect();
                return Err(format!(
                    "--columns: there is no column `{ours}`, only {}",
                    names.join(", ")
                ));
            }
        }
        Ok(())
    }

    /// Where each column is in the file; `None`: nowhere.
    pub(crate) fn resolve(
        &self,
        columns: &[Column],
        header: &ByteRecord,
    ) -> Result<Vec<Option<usize>>, String> {
        columns
            .iter()
            .map(|column| self.find(*column, header))
            .collect()
    }

    fn find(&self, column: Column, header: &ByteRecord) -> Result<Option<usize>, String> {
        let name = self.name(column.name);
        if name.is_empty() {
            return Ok(None);
        }
        let mut places = (0..header.len()).filter(|at| header.get(*at) == Some(name.as_bytes()));
        let place = places.next();
        if places.next().is_some() {
            return Err(format!("the header has the column `{name}` twice"));
        }
        let wanted = column.required || self.given(column.name).is_some();
        if place.is_none() && wanted {
            return Err(missing(column.name, name, header));
        }
        Ok(place)
    }
}

/// What to say of a column that is not there, with what may have been meant.
fn missing(ours: &str, name: &str, header: &ByteRecord) -> String {
    let found: Vec<_> = header.iter().map(String::from_utf8_lossy).collect();
    let found = found.join(", ");
    let advice = if header.len() == 1 && found.contains([';', '\t']) {
        "fields have to be separated by commas".to_owned()
    } else if ours == "eta" {
        "say --columns eta=NAME, or --columns eta= when all of it is in the warehouse".to_owned()
    } else {
        format!("say --columns {ours}=NAME")
    };
    format!("the header has no column `{name}`, only: {found}; {advice}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [Column; 3] = [required("orderid"), required("eta"), optional("priority")];

    fn resolve(mapping: &str, header: &[&str]) -> Result<Vec<Option<usize>>, String> {
        let mapping: Mapping = mapping.parse().unwrap();
        mapping.check(&COLUMNS)?;
        mapping.resolve(&COLUMNS, &ByteRecord::from(header))
    }

    #[test]
    fn columns_come_in_any_order_and_under_any_name() {
        let header = ["When, about", "x", "orderid"];
        let found = resolve("\"eta=When, about\"", &header).unwrap();
        assert_eq!(found, [Some(2), Some(0), None]);
    }

    #[test]
    fn a_column_that_is_not_there_is_named() {
        let error = resolve("eta=When", &["When", "order"]).unwrap_err();
        assert!(
            error.contains("no column `orderid`, only: When, order"),
            "{error}"
        );
        assert!(error.contains("--columns orderid=NAME"), "{error}");
        let error = resolve("priority=Rank", &["orderid", "eta"]).unwrap_err();
        assert!(error.contains("no column `Rank`"), "{error}");
        let error = resolve("eta=", &["orderid;eta"]).unwrap_err();
        assert!(error.contains("separated by commas"), "{error}");
    }

    #[test]
    fn a_column_can_be_declared_absent() {
        let error = resolve("orderid=orderid", &["orderid"]).unwrap_err();
        assert!(error.contains("--columns eta= when"), "{error}");
        assert_eq!(
            resolve("eta=", &["orderid"]).unwrap(),
            [Some(0), None, None]
        );
    }

    #[test]
    fn what_is_ambiguous_or_unknown_is_refused() {
        assert!(
            resolve("order=No", &["orderid", "eta"])
                .unwrap_err()
                .contains("no column `order`, only orderid")
        );
        assert!(
            resolve("eta=x", &["x", "x", "orderid"])
                .unwrap_err()
                .contains("twice")
        );
        assert!("orderid=a,orderid=b".parse::<Mapping>().is_err());
        assert!("orderid".parse::<Mapping>().is_err());
        assert!("".parse::<Mapping>().is_err());
    }
}
