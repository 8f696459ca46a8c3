-- For people: shipments with dates.
CREATE VIEW shipment AS
SELECT s.reference, date(s.eta * 86400, 'unixepoch') AS eta, s.carrier, s.vessel, s.container,
       s.hold, s.hold_note, date(s.hold_clear * 86400, 'unixepoch') AS hold_expected_clear,
       (SELECT count(*) FROM batches b WHERE b.shipment = s.reference) AS batches
  FROM shipments s;
