//! A SKU that no product has: it makes a new product, or was mistyped.

use landfall_domain::Command;
use landfall_service::views::{Page, ProductFilter, ViewError, Views};

/// Products that are offered instead.
const OFFERED: usize = 5;
/// Beginnings of the SKU that are looked up.
const BEGINNINGS: usize = 6;

/// What a new batch would make besides.
pub(crate) struct NewProduct {
    pub(crate) sku: String,
    /// What may be meant: where the form is with it, and its SKU.
    pub(crate) near: Vec<(String, String)>,
}

/// The product that a command would make; none where it is there. `with`: where the form is with another SKU.
pub(super) async fn of(
    views: &dyn Views,
    command: &Command,
    with: impl Fn(&str) -> Option<String>,
) -> Result<Option<NewProduct>, ViewError> {
    let Command::CreateBatch(batch) = command else {
        return Ok(None);
    };
    if views.product(&batch.sku).await?.is_some() {
        return Ok(None);
    }
    let sku = batch.sku.as_str();
    let page = Page {
        after: None,
        limit: OFFERED,
    };
    let mut near = Vec::new();
    for prefix in beginnings(sku) {
        let filter = ProductFilter {
            prefix: Some(prefix),
            ..ProductFilter::default()
        };
        near = views.products(&filter, &page).await?.items;
        if !near.is_empty() {
            break;
        }
    }
    let near = near.into_iter().filter_map(|product| {
        let sku = product.sku.as_str();
        Some((with(sku)?, sku.to_owned()))
    });
    Ok(Some(NewProduct {
        sku: sku.into(),
        near: near.collect(),
    }))
}

/// How what is meant may begin: like all of it, or like less and less of its parts, each in capitals as well.
fn beginnings(sku: &str) -> Vec<String> {
    let parts = sku.rmatch_indices(['-', '.', '_', '/', ' ']);
    let parts = parts.map(|(end, _)| end);
    let mut ends: Vec<_> = [sku.len()].into_iter().chain(parts).collect();
    if ends.len() == 1 {
        let half = sku.chars().count().div_ceil(2);
        ends.extend(sku.char_indices().nth(half).map(|(end, _)| end));
    }
    let begin = ends.into_iter().map(|end| &sku[..end]);
    let begin = begin.filter(|begin| begin.chars().count() > 1);
    let mut found: Vec<_> = begin
        .flat_map(|begin| [begin.to_owned(), begin.to_uppercase()])
        .collect();
    found.dedup();
    found.truncate(BEGINNINGS);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_meant_begins_like_it_or_like_its_parts() {
        assert_eq!(
            beginnings("SOFA-3S-GREN"),
            ["SOFA-3S-GREN", "SOFA-3S", "SOFA"]
        );
        assert_eq!(beginnings("lamp-x"), ["lamp-x", "LAMP-X", "lamp", "LAMP"]);
        assert_eq!(beginnings("SOFFA"), ["SOFFA", "SOF"]);
        assert_eq!(beginnings("É"), Vec::<String>::new());
        assert_eq!(beginnings("A-B-C-D-E-F-G-H").len(), BEGINNINGS);
    }
}
