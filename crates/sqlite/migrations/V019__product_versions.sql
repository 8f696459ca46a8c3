-- How often each product was changed. Apart from the products because it changes all the time: a commit then
-- writes a page for some hundred products instead of one for each few.
CREATE TABLE product_versions (
    number  INTEGER PRIMARY KEY,
    version INTEGER NOT NULL
) STRICT;
