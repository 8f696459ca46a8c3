-- The batches of a shipment, by reference. Batches on no shipment pay nothing for it.
CREATE INDEX batches_of_shipment ON batches (shipment, reference) WHERE shipment IS NOT NULL;
