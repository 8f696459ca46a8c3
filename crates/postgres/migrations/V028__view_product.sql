-- For people: products, how often each was changed, and how many of its lines wait or are late.
CREATE VIEW product AS
SELECT sku, version, backordered, late FROM products;
