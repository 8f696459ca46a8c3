-- For people: products, how often each was changed, and how many of its lines wait or are late.
CREATE VIEW product AS
SELECT p.sku, v.version, p.backordered, p.late
  FROM products p JOIN product_versions v ON v.number = p.number;
