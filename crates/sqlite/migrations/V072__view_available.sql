-- For people: what is available to promise, by product and day; no day: in the warehouse.
CREATE VIEW available AS
SELECT p.sku, CASE WHEN a.place & 8388607 THEN date(((a.place & 8388607) - 4371588) * 86400, 'unixepoch') END AS day,
       a.units
  FROM availability a JOIN products p ON p.number = a.place >> 23;
