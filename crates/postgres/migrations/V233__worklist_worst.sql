-- The worklist by days late.
CREATE INDEX worklist_worst ON worklist (partition, kind, worst, since, order_id, line_id);
