-- For people: batches with names, dates and units.
CREATE VIEW batch AS
SELECT b.reference, p.sku, b.location, b.eta, b.shipment, b.hold, b.hold_note, b.hold_clear AS hold_expected_clear,
       b.shipment_hold, b.shipment_hold_note, b.shipment_hold_clear AS shipment_hold_expected_clear,
       b.received, b.landed, b.landed_sold, b.landed_of, b.purchased, b.allocated, b.dispatched,
       CASE WHEN b.hold IS NOT NULL AND b.hold_clear IS NULL THEN 0
            WHEN b.shipment_hold IS NOT NULL AND b.shipment_hold_clear IS NULL THEN 0
            ELSE greatest(b.purchased - b.allocated - b.dispatched, 0) END AS available
  FROM batches b JOIN products p ON p.partition = b.partition AND p.number = b.product;
