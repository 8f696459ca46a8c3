-- The worklist by age, with all by which it is put together: a question by groups reads this and nothing else.
CREATE INDEX worklist_age ON worklist (kind, since, order_id, line_id, sku, units, worst, cause, batch, shipment);
