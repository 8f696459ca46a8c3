-- For people: batches with names and dates.
CREATE VIEW batch AS
SELECT b.reference, p.sku, b.location, date(b.eta * 86400, 'unixepoch') AS eta, b.purchased, b.allocated,
       b.dispatched, max(b.purchased - b.allocated - b.dispatched, 0) AS available
  FROM batches b JOIN products p ON p.number = b.product;
