UPDATE products SET late = found.late
  FROM (SELECT product, count(*) AS late FROM lines WHERE status = 0 AND current > original GROUP BY product) found
 WHERE found.product = products.number;
