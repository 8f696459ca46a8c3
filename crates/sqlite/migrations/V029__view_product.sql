-- For people: products, how often each was changed, and how many of its lines wait.
CREATE VIEW product AS
SELECT p.sku, v.version, p.backordered FROM products p JOIN product_versions v ON v.number = p.number;
