-- For people: shipments with dates.
CREATE VIEW shipment AS
SELECT s.reference, s.eta, s.carrier, s.vessel, s.container, s.hold, s.hold_note, s.hold_clear AS hold_expected_clear,
       (SELECT count(*) FROM cargo c WHERE c.partition = s.partition AND c.shipment = s.reference) AS batches
  FROM shipments s;
