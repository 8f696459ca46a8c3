//! Products in memory, of two generations: what the younger one does not use for a while is forgotten.

use hashbrown::HashMap;
use landfall_domain::{Product, Sku};

/// Products by SKU, about `limit` at the most after [`ProductCache::trim`].
#[derive(Debug)]
pub(super) struct ProductCache {
    limit: usize,
    young: HashMap<Sku, Product>,
    old: HashMap<Sku, Product>,
}

impl ProductCache {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            young: HashMap::new(),
            old: HashMap::new(),
        }
    }

    pub(super) fn contains(&self, sku: &Sku) -> bool {
        self.young.contains_key(sku) || self.old.contains_key(sku)
    }

    /// The product, which counts as used.
    pub(super) fn get_mut(&mut self, sku: &Sku) -> Option<&mut Product> {
        if !self.old.is_empty()
            && !self.young.contains_key(sku)
            && let Some((sku, product)) = self.old.remove_entry(sku)
        {
            self.young.insert(sku, product);
        }
        self.young.get_mut(sku)
    }

    pub(super) fn insert_if_absent(&mut self, product: Product) {
        if !self.contains(&product.sku) {
            self.young.insert(product.sku.clone(), product);
        }
    }

    pub(super) fn remove(&mut self, sku: &Sku) {
        self.young.remove(sku);
        self.old.remove(sku);
    }

    /// Forgets the products of which this is true.
    pub(super) fn forget(&mut self, which: impl Fn(&Sku) -> bool) {
        self.young.retain(|sku, _| !which(sku));
        self.old.retain(|sku, _| !which(sku));
    }

    /// Lets a generation pass when the young one has grown to half of the limit: what was not used since
    /// the last time is forgotten.
    pub(super) fn trim(&mut self) {
        if self.young.len() > self.limit / 2 {
            self.old = std::mem::take(&mut self.young);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_stays_and_the_rest_goes() {
        let sku = |n: u64| Sku::new(format!("S-{n}")).unwrap();
        let mut cache = ProductCache::new(4);
        for n in 0..3 {
            cache.insert_if_absent(Product::new(n, sku(n)));
        }
        cache.trim();
        assert!(
            cache.get_mut(&sku(0)).is_some(),
            "the old generation is still there"
        );
        for n in 3..5 {
            cache.insert_if_absent(Product::new(n, sku(n)));
        }
        cache.trim();
        assert!(cache.contains(&sku(0)), "it was used");
        assert!(!cache.contains(&sku(1)), "it was not");
    }
}
