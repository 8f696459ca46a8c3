//! Quantities of supply: figures, and a bar that shows them as parts of the whole.

use askama::Template;

use crate::format;
use crate::table::Bar;

/// The figures of a batch or shipment.
#[derive(Template)]
#[template(path = "stock.html")]
pub(super) struct Stock {
    bar: Bar,
    free: u64,
    /// Free units that nobody can be promised, because they are held and nobody knows until when.
    kept_back: u64,
}

impl Stock {
    /// Of these quantities, of which so many can be promised.
    pub(super) fn new(bar: Bar, available: u64) -> Self {
        let free = bar.purchased.saturating_sub(bar.sold());
        Self {
            bar,
            free,
            kept_back: free.saturating_sub(available),
        }
    }

    fn share(&self) -> String {
        format::percent(self.bar.sold(), self.bar.purchased).unwrap_or_else(|| "–".to_owned())
    }
}
