-- The history of a product.
CREATE INDEX events_of_product ON events (partition, sku, "offset") WHERE sku IS NOT NULL;
