-- The worklist by age, and no wider than the others: a wide one seems dearer than a narrow one and a sort, as long as
-- nobody has counted the lines.
CREATE INDEX worklist_age ON worklist (partition, kind, since, order_id, line_id);
