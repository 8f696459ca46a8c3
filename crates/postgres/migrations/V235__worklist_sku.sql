-- The worklist of a product. The product comes before the kind, so that a question that names none never goes this way.
CREATE INDEX worklist_sku ON worklist (partition, sku, kind, since, order_id, line_id);
