-- The worklist of a batch.
CREATE INDEX worklist_batch ON worklist (kind, batch, since, order_id, line_id) WHERE batch IS NOT NULL;
