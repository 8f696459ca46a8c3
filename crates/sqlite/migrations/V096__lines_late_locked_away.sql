-- Nobody asks for late lines of which a part has left.
DROP INDEX lines_late;
