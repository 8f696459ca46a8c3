-- Nobody asks for late lines of which a part has left: lines_late_unlocked has the others.
DROP INDEX IF EXISTS lines_late;
