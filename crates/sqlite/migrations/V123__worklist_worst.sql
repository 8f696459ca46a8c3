-- The worklist by days late.
CREATE INDEX worklist_worst ON worklist (kind, worst, since, order_id, line_id);
