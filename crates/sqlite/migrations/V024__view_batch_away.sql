-- It names columns that go; it comes back with their new place.
DROP VIEW batch;
