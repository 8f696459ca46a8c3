-- For people: what is available to promise, by product and day; no day: in the warehouse.
CREATE VIEW available AS
SELECT p.sku, nullif(a.day, DATE '-infinity') AS day, a.units
  FROM availability a JOIN products p ON p.partition = a.partition AND p.number = a.product;
