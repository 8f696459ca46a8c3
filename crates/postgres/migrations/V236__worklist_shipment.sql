-- The worklist of a shipment. The shipment comes before the kind, so that a question that names none never goes this way.
CREATE INDEX worklist_shipment ON worklist (partition, shipment, kind, since, order_id, line_id)
    WHERE shipment IS NOT NULL;
