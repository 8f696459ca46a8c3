-- 0 as ready, 1 together with the other lines of its order.
ALTER TABLE lines ADD COLUMN deliver INTEGER NOT NULL DEFAULT 0;
