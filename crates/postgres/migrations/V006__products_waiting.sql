-- The products that have lines waiting, by SKU. The others pay nothing for it.
CREATE INDEX products_waiting ON products (partition, sku) WHERE backordered > 0;
