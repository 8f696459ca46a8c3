DROP VIEW batch;
