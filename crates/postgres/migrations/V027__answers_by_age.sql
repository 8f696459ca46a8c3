-- The oldest are forgotten first.
CREATE INDEX answers_by_age ON answers (partition, time);
