DROP VIEW order_line;
