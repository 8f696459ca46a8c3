//! SKUs in the lines of an order that no product has: a command is refused for the first, and the form tells all.

use landfall_domain::{Rejection, Sku};
use landfall_service::views::{ViewError, Views};
use landfall_service::wire::FieldError;

use super::fields::{self, Kind};
use super::{Action, checked};
use crate::params::Params;

/// Lines that are looked up.
const LOOKED_UP: usize = 100;

/// Adds the lines whose SKU is unknown to what is wrong with a form; not those of which something is told already.
pub(super) async fn add(
    views: &dyn Views,
    action: &Action,
    form: &Params,
    errors: &mut Vec<FieldError>,
) -> Result<(), ViewError> {
    let mut fields = action.fields.iter();
    let Some(field) = fields.find(|field| field.kind == Kind::Lines) else {
        return Ok(());
    };
    let (object, _) = fields::json(action, form);
    let lines = object.get(field.name).and_then(|lines| lines.as_array());
    for (at, line) in lines.into_iter().flatten().enumerate().take(LOOKED_UP) {
        let path = format!("{}[{at}]", field.name);
        let sku = line["sku"].as_str().and_then(|sku| sku.parse::<Sku>().ok());
        let Some(sku) = sku.filter(|_| !errors.iter().any(|error| error.field.starts_with(&path)))
        else {
            continue;
        };
        if views.product(&sku).await?.is_none() {
            let unknown = Rejection::UnknownSku {
                field: path.clone(),
                sku,
            };
            errors.push(FieldError {
                field: path,
                message: unknown.to_string(),
            });
        }
    }
    checked::sort(action, errors);
    Ok(())
}
