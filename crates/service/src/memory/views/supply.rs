//! Lists of batches, shipments and products in memory, in each of their orders.

use std::cmp::Reverse;

use jiff::civil::Date;
use landfall_domain::{Batch, Shipment};

use super::super::tables::{ProductRow, Tables};
use super::MemoryViews;
use super::lists::{self, from, list, named, wanted_batch, wanted_shipment};
use crate::resources::{BatchResource, ProductResource, ShipmentResource};
use crate::views::cursor::check_name;
use crate::views::sorted::{self, EtaPlace, Most, MostPlace};
use crate::views::{
    BatchFilter, BatchSort, List, Page, ProductFilter, ProductSort, ShipmentFilter, ShipmentSort,
    ViewError,
};

/// A place in a list that begins with the most.
fn most_first((count, name): MostPlace) -> (Reverse<u64>, String) {
    (Reverse(count), name)
}

impl MemoryViews {
    pub(super) fn list_shipments(
        &self,
        filter: &ShipmentFilter,
        page: &Page,
        today: Date,
    ) -> Result<List<ShipmentResource>, ViewError> {
        let resource = |t: &Tables, shipment: &Shipment| ShipmentResource {
            batches: None,
            ..t.shipment_resource(shipment, today)
        };
        match filter.sort {
            ShipmentSort::Reference => {
                check_name(page)?;
                Ok(self.shared.read(|t| {
                    let found = from(&t.shipments, page, filter.prefix.as_deref())
                        .filter(|(_, shipment)| wanted_shipment(shipment, filter))
                        .map(|(name, shipment)| (name.to_string(), resource(t, shipment)));
                    list(found, page.limit)
                }))
            }
            ShipmentSort::Eta => {
                // What has landed comes last.
                let place = |(eta, name): EtaPlace| (eta.is_none(), eta, name);
                let after = sorted::eta(page)?.map(place);
                Ok(self.shared.read(|t| {
                    let found = named(&t.shipments, filter.prefix.as_deref())
                        .filter(|(_, shipment)| wanted_shipment(shipment, filter))
                        .map(|(name, shipment)| {
                            let place = place((shipment.eta, name.to_string()));
                            (place, resource(t, shipment))
                        });
                    lists::sorted(found, after.as_ref(), page.limit, |(_, eta, name)| {
                        sorted::of_eta(*eta, name)
                    })
                }))
            }
        }
    }

    pub(super) fn list_batches(
        &self,
        filter: &BatchFilter,
        page: &Page,
        today: Date,
    ) -> Result<List<BatchResource>, ViewError> {
        let resource = |batch: &Batch| BatchResource::new(batch, today);
        let prefix = filter.prefix.as_deref();
        match filter.sort {
            BatchSort::Reference => {
                check_name(page)?;
                Ok(self.shared.read(|t| {
                    let found = from(&t.batches, page, prefix)
                        .filter(|(_, batch)| wanted_batch(batch, filter))
                        .map(|(name, batch)| (name.to_string(), resource(batch)));
                    list(found, page.limit)
                }))
            }
            BatchSort::Eta => {
                let after = sorted::eta(page)?;
                Ok(self.shared.read(|t| {
                    let found = named(&t.batches, prefix)
                        .filter(|(_, batch)| wanted_batch(batch, filter))
                        .map(|(name, batch)| ((batch.eta, name.to_string()), resource(batch)));
                    lists::sorted(found, after.as_ref(), page.limit, |(eta, name)| {
                        sorted::of_eta(*eta, name)
                    })
                }))
            }
            BatchSort::Available => {
                let most = Most::Available;
                let after = sorted::most(page, most)?.map(most_first);
                Ok(self.shared.read(|t| {
                    let found = named(&t.batches, prefix)
                        .filter(|(_, batch)| wanted_batch(batch, filter))
                        .map(|(name, batch)| {
                            let place = most_first((batch.available(), name.to_string()));
                            (place, resource(batch))
                        });
                    lists::sorted(found, after.as_ref(), page.limit, |(units, name)| {
                        sorted::of_most(most, units.0, name)
                    })
                }))
            }
        }
    }

    pub(super) fn list_products(
        &self,
        filter: &ProductFilter,
        page: &Page,
    ) -> Result<List<ProductResource>, ViewError> {
        let wanted = |row: &ProductRow| {
            let waits = row.counters.backordered > 0;
            filter.backordered.is_none_or(|wanted| wanted == waits)
        };
        let prefix = filter.prefix.as_deref();
        let most = match filter.sort {
            ProductSort::Sku => {
                check_name(page)?;
                return Ok(self.shared.read(|t| {
                    let found = from(&t.products, page, prefix)
                        .filter(|(_, row)| wanted(row))
                        .map(|(sku, row)| (sku.to_string(), t.product_resource(sku, row)));
                    list(found, page.limit)
                }));
            }
            ProductSort::Backordered => Most::Backordered,
            ProductSort::Available => Most::Available,
        };
        let after = sorted::most(page, most)?.map(most_first);
        Ok(self.shared.read(|t| {
            let found = named(&t.products, prefix).filter(|(_, row)| wanted(row));
            let found = found.map(|(sku, row)| {
                let product = t.product_resource(sku, row);
                let count = match most {
                    Most::Available => product.available,
                    Most::Backordered => product.backordered_lines,
                };
                (most_first((count, sku.to_string())), product)
            });
            lists::sorted(found, after.as_ref(), page.limit, |(count, sku)| {
                sorted::of_most(most, count.0, sku)
            })
        }))
    }
}
