-- The next one takes its place.
DROP INDEX worklist_age;
