-- A product is loaded with its open batches only, however many are used up.
CREATE INDEX batches_of_product ON batches (partition, product, open);
