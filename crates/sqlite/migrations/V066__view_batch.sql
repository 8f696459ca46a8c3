-- For people: batches with names, dates and units.
CREATE VIEW batch AS
SELECT b.reference, p.sku, b.location, date(b.eta * 86400, 'unixepoch') AS eta, b.shipment,
       b.hold, b.hold_note, date(b.hold_clear * 86400, 'unixepoch') AS hold_expected_clear,
       b.shipment_hold, b.shipment_hold_note,
       date(b.shipment_hold_clear * 86400, 'unixepoch') AS shipment_hold_expected_clear,
       b.received, date(b.landed * 86400, 'unixepoch') AS landed, b.landed_sold, b.landed_of,
       c.purchased, c.allocated, c.dispatched,
       CASE WHEN b.hold IS NOT NULL AND b.hold_clear IS NULL THEN 0
            WHEN b.shipment_hold IS NOT NULL AND b.shipment_hold_clear IS NULL THEN 0
            ELSE max(c.purchased - c.allocated - c.dispatched, 0) END AS available
  FROM batches b JOIN batch_counts c ON c.number = b.number JOIN products p ON p.number = b.product;
