-- The worklist by age.
CREATE INDEX worklist_age ON worklist (kind, since, order_id, line_id);
