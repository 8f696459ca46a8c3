-- What is available to promise, a read model: the units of a product that can be promised of the goods of one day.
-- place: the product's number in the upper bits and the day in the lower 23, in one number because such a table is
-- the quickest to write, and every allocation writes to it. Day 0: in the warehouse; else days since 1970-01-01, plus
-- 4371588. A day without units has no row.
CREATE TABLE availability (
    place INTEGER PRIMARY KEY,
    units INTEGER NOT NULL
) STRICT;
