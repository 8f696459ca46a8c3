-- For people: batches with names, dates and units.
CREATE VIEW batch AS
SELECT b.reference, p.sku, b.location, date(b.eta * 86400, 'unixepoch') AS eta, c.purchased, c.allocated,
       c.dispatched, max(c.purchased - c.allocated - c.dispatched, 0) AS available
  FROM batches b JOIN batch_counts c ON c.number = b.number JOIN products p ON p.number = b.product;
