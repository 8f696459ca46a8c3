-- The worklist by priority.
CREATE INDEX worklist_rank ON worklist (partition, kind, rank, since, order_id, line_id);
