CREATE UNIQUE INDEX products_by_sku ON products (partition, sku);
