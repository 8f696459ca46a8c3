-- The worklist of a product.
CREATE INDEX worklist_sku ON worklist (partition, kind, sku, since, order_id, line_id);
