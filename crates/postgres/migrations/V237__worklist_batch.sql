-- The worklist of a batch. The batch comes before the kind, so that a question that names none never goes this way.
CREATE INDEX worklist_batch ON worklist (partition, batch, kind, since, order_id, line_id)
    WHERE batch IS NOT NULL;
