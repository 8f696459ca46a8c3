-- What is available to promise, a read model: the units of a product that can be promised of the goods of one day.
-- day: -infinity for what is in the warehouse. A day without units has no row, or one of 0.
CREATE TABLE availability (
    product   bigint   NOT NULL,
    units     bigint   NOT NULL,
    day       date     NOT NULL,
    partition smallint NOT NULL,
    PRIMARY KEY (partition, product, day)
) WITH (fillfactor = 70);
