//! What a command was about, and the reply that shows it.

use landfall_domain::{BatchRef, LineKey, OrderId, Rejection, ShipmentRef};

use crate::answer::{Done, Reply};
use crate::resources::{BatchResource, LineResource, OrderResource, ShipmentResource};
use crate::uow::{Stop, UnitOfWork, each};

/// What a command was about: what its reply shows.
pub(super) enum Target {
    /// A batch.
    Batch { reference: BatchRef, created: bool },
    /// A shipment.
    Shipment {
        reference: ShipmentRef,
        created: bool,
    },
    /// A line.
    Line { key: LineKey, created: bool },
    /// An order.
    Order { order_id: OrderId, created: bool },
}

impl Target {
    /// The reply, as things are now.
    pub(super) fn done(self, uow: &mut UnitOfWork) -> Result<Done, Stop> {
        let today = uow.day().today;
        Ok(match self {
            Target::Batch { reference, created } => {
                let batch = uow.batch(&reference)?;
                let batch = batch.ok_or(Rejection::UnknownBatch { reference })?;
                Done {
                    reply: Reply::Batch(BatchResource::new(&batch, today)),
                    created,
                }
            }
            Target::Shipment { reference, created } => {
                let batches = if created {
                    Vec::new()
                } else {
                    each(uow.cargo(&reference)?, |batch| uow.batch(&batch))?
                };
                let batches = batches.into_iter().flatten();
                let batches = batches.map(|batch| BatchResource::new(&batch, today));
                let shipment = uow.shipment(&reference)?;
                let shipment = shipment.ok_or(Rejection::UnknownShipment {
                    field: None,
                    reference: reference.clone(),
                })?;
                Done {
                    reply: Reply::Shipment(ShipmentResource::new(
                        shipment,
                        batches.collect(),
                        today,
                    )),
                    created,
                }
            }
            Target::Line { key, created } => Done {
                reply: Reply::Line(line_resource(&key, uow)?),
                created,
            },
            Target::Order { order_id, created } => {
                let entry = uow.order(&order_id)?.clone();
                let lines = entry.lines.iter().map(|key| line_resource(key, uow));
                let lines = lines.collect::<Result<Vec<_>, Stop>>()?;
                let order = OrderResource::new(order_id, entry.placed.as_ref(), lines);
                Done {
                    reply: Reply::Order(order),
                    created,
                }
            }
        })
    }
}

fn line_resource(key: &LineKey, uow: &mut UnitOfWork) -> Result<LineResource, Stop> {
    let today = uow.day().today;
    let line = uow.line_to_change(key)?;
    let product = uow.its_product(&line.sku)?;
    let eta_of = |number| product.batch_numbered(number).and_then(|batch| batch.eta);
    Ok(LineResource::new(&line, eta_of, today))
}
