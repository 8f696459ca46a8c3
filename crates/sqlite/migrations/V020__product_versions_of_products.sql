INSERT INTO product_versions (number, version) SELECT number, version FROM products ORDER BY number;
