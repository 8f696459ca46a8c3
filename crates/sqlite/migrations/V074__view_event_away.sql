DROP VIEW event;
