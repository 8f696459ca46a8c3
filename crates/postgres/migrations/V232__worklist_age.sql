-- The worklist by age.
CREATE INDEX worklist_age ON worklist (partition, kind, since, order_id, line_id);
