-- The worklist of a shipment.
CREATE INDEX worklist_shipment ON worklist (partition, kind, shipment, since, order_id, line_id) WHERE shipment IS NOT NULL;
