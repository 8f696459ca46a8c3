-- What is fixed when the database is made. partitions: how many there are.
CREATE TABLE meta (
    key   text COLLATE "C" NOT NULL,
    value text COLLATE "C" NOT NULL,
    PRIMARY KEY (key)
);
