-- For people: the log with names and times.
CREATE VIEW event AS
SELECT '0-' || e.offset AS id, e.type, p.sku,
       strftime('%Y-%m-%dT%H:%M:%S', e.time / 1000000, 'unixepoch')
           || printf('.%06dZ', e.time % 1000000) AS time,
       coalesce(e.command_id, '~0-' || e.offset) AS command_id, e.actor, e.data
  FROM events e LEFT JOIN products p ON p.number = e.product;
