DROP VIEW product;
