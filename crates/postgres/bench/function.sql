-- The yardstick of `cargo xtask pgbench`: one order line a call, allocated by a PL/pgSQL function in the database,
-- with what such a function would have to write: the line, the batch's counter, the event. No read models, no
-- promises kept when supply changes, no idempotency key but the line's own.
CREATE TABLE batches (
    sku       text COLLATE "C" NOT NULL,
    reference text COLLATE "C" NOT NULL,
    purchased bigint NOT NULL,
    allocated bigint NOT NULL,
    eta       date,
    PRIMARY KEY (sku, reference)
) WITH (fillfactor = 50);

CREATE TABLE lines (
    order_id text COLLATE "C" NOT NULL,
    line_id  text COLLATE "C" NOT NULL,
    sku      text COLLATE "C" NOT NULL,
    quantity bigint NOT NULL,
    batch    text COLLATE "C",
    promise  date,
    PRIMARY KEY (order_id, line_id)
);

CREATE TABLE events (
    id   bigint GENERATED ALWAYS AS IDENTITY (CACHE 32) PRIMARY KEY,
    at   timestamptz NOT NULL DEFAULT now(),
    type text NOT NULL,
    sku  text NOT NULL,
    data text NOT NULL
);

CREATE FUNCTION allocate(its_order text, its_sku text, its_quantity bigint) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    chosen record;
BEGIN
    SELECT b.reference, b.eta INTO chosen FROM batches b
     WHERE b.sku = its_sku AND b.purchased - b.allocated >= its_quantity
     ORDER BY b.eta NULLS FIRST, b.reference LIMIT 1 FOR UPDATE;
    IF NOT FOUND THEN
        INSERT INTO lines VALUES (its_order, its_sku, its_sku, its_quantity, NULL, NULL);
        INSERT INTO events (type, sku, data) VALUES ('Backordered', its_sku, its_order);
        RETURN NULL;
    END IF;
    UPDATE batches b SET allocated = b.allocated + its_quantity
     WHERE b.sku = its_sku AND b.reference = chosen.reference;
    INSERT INTO lines
    VALUES (its_order, its_sku, its_sku, its_quantity, chosen.reference, coalesce(chosen.eta, current_date));
    INSERT INTO events (type, sku, data)
    VALUES ('Allocated', its_sku, its_order || ' ' || chosen.reference || ' ' || its_quantity);
    RETURN chosen.reference;
END $$;

INSERT INTO batches SELECT 'SKU-' || n, 'B-' || n, 1000000000000, 0, NULL FROM generate_series(1, 1000) n;
ANALYZE;
