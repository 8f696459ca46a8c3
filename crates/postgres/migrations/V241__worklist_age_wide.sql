-- The worklist by age, with all by which it is put together: a question by groups reads little else.
CREATE INDEX worklist_age ON worklist (partition, kind, since, order_id, line_id)
    INCLUDE (sku, units, worst, cause, batch, shipment);
