-- What version 0.1 left of a few commands in a database of schema 29: allocated, split, late, backordered and cancelled
-- lines, a placed order, a remembered answer, the log; and an index of allocations that has entered nothing yet.
REPLACE INTO heads (partition, version, next_offset, next_number, settled)
    VALUES (0, 1, 31, 19, 8);
REPLACE INTO products (number, sku, backordered)
    VALUES (1, 'CHAIR', 3);
REPLACE INTO products (number, sku, backordered)
    VALUES (5, 'SOFA', 1);
REPLACE INTO products (number, sku, backordered)
    VALUES (17, 'LAMP', 0);
REPLACE INTO product_versions (number, version)
    VALUES (1, 11);
REPLACE INTO product_versions (number, version)
    VALUES (5, 6);
REPLACE INTO product_versions (number, version)
    VALUES (17, 1);
REPLACE INTO batches (number, reference, product, location, eta, open, first_quantity, first_eta)
    VALUES (2, 'chair-1', 1, NULL, NULL, 0, 10, NULL);
REPLACE INTO batches (number, reference, product, location, eta, open, first_quantity, first_eta)
    VALUES (3, 'chair-2', 1, 'north', 20788, 0, 20, 20788);
REPLACE INTO batches (number, reference, product, location, eta, open, first_quantity, first_eta)
    VALUES (4, 'chair-3', 1, NULL, 20828, 0, 3, 20828);
REPLACE INTO batches (number, reference, product, location, eta, open, first_quantity, first_eta)
    VALUES (6, 'sofa-1', 5, NULL, 20802, 1, 4, 20792);
REPLACE INTO batches (number, reference, product, location, eta, open, first_quantity, first_eta)
    VALUES (18, 'lamp-1', 17, NULL, NULL, 1, 7, NULL);
REPLACE INTO batch_counts (number, purchased, allocated, dispatched)
    VALUES (2, 6, 6, 0);
REPLACE INTO batch_counts (number, purchased, allocated, dispatched)
    VALUES (3, 20, 20, 0);
REPLACE INTO batch_counts (number, purchased, allocated, dispatched)
    VALUES (4, 3, 3, 0);
REPLACE INTO batch_counts (number, purchased, allocated, dispatched)
    VALUES (6, 4, 3, 0);
REPLACE INTO batch_counts (number, purchased, allocated, dispatched)
    VALUES (18, 7, 0, 0);
REPLACE INTO lines (number, order_id, line_id, product, quantity, dispatched, status, cancelled, priority, policy, split, if_short, requested, original, current, batch, parts, first_quantity, locations)
    VALUES (7, 'o-1', 'CHAIR', 1, 3, 0, 1, 0, 5, 0, 0, 0, NULL, 20778, NULL, NULL, NULL, 4, NULL);
REPLACE INTO lines (number, order_id, line_id, product, quantity, dispatched, status, cancelled, priority, policy, split, if_short, requested, original, current, batch, parts, first_quantity, locations)
    VALUES (8, 'o-2', 'CHAIR', 1, 6, 0, 0, 0, 9, 0, 0, 0, 20811, 20778, 20778, 2, NULL, 6, NULL);
REPLACE INTO lines (number, order_id, line_id, product, quantity, dispatched, status, cancelled, priority, policy, split, if_short, requested, original, current, batch, parts, first_quantity, locations)
    VALUES (9, 'o-3', 'CHAIR', 1, 22, 0, 0, 0, 5, 0, 1, 0, NULL, 20828, 20828, NULL, '[[3,20],[4,2]]', 22, NULL);
REPLACE INTO lines (number, order_id, line_id, product, quantity, dispatched, status, cancelled, priority, policy, split, if_short, requested, original, current, batch, parts, first_quantity, locations)
    VALUES (10, 'o-4', 'CHAIR', 1, 5, 0, 1, 0, 5, 0, 0, 0, 20850, NULL, NULL, NULL, NULL, 5, '["north"]');
REPLACE INTO lines (number, order_id, line_id, product, quantity, dispatched, status, cancelled, priority, policy, split, if_short, requested, original, current, batch, parts, first_quantity, locations)
    VALUES (11, 'o-5', 'CHAIR', 1, 1, 0, 0, 0, 5, 0, 0, 0, NULL, 20828, 20828, 4, NULL, 1, NULL);
REPLACE INTO lines (number, order_id, line_id, product, quantity, dispatched, status, cancelled, priority, policy, split, if_short, requested, original, current, batch, parts, first_quantity, locations)
    VALUES (12, 'o-5', 'SOFA', 5, 2, 0, 0, 0, 5, 0, 0, 0, NULL, 20792, 20802, 6, NULL, 2, NULL);
REPLACE INTO lines (number, order_id, line_id, product, quantity, dispatched, status, cancelled, priority, policy, split, if_short, requested, original, current, batch, parts, first_quantity, locations)
    VALUES (13, 'o-5', 'second', 5, 1, 0, 0, 0, 5, 0, 0, 0, NULL, 20792, 20802, 6, NULL, 1, NULL);
REPLACE INTO lines (number, order_id, line_id, product, quantity, dispatched, status, cancelled, priority, policy, split, if_short, requested, original, current, batch, parts, first_quantity, locations)
    VALUES (14, 'o-6', 'SOFA', 5, 1, 0, 3, 1, 5, 0, 0, 0, NULL, 20792, NULL, NULL, NULL, 1, NULL);
REPLACE INTO lines (number, order_id, line_id, product, quantity, dispatched, status, cancelled, priority, policy, split, if_short, requested, original, current, batch, parts, first_quantity, locations)
    VALUES (15, 'o-7', 'SOFA', 5, 9, 0, 1, 0, 5, 1, 0, 0, NULL, NULL, NULL, NULL, NULL, 9, NULL);
REPLACE INTO lines (number, order_id, line_id, product, quantity, dispatched, status, cancelled, priority, policy, split, if_short, requested, original, current, batch, parts, first_quantity, locations)
    VALUES (16, 'o-8', 'CHAIR', 1, 1, 0, 1, 0, 5, 0, 0, 0, NULL, NULL, NULL, NULL, NULL, 1, NULL);
REPLACE INTO line_keys (order_id, line_id, number)
    VALUES ('o-1', 'CHAIR', 7);
REPLACE INTO line_keys (order_id, line_id, number)
    VALUES ('o-2', 'CHAIR', 8);
REPLACE INTO line_keys (order_id, line_id, number)
    VALUES ('o-3', 'CHAIR', 9);
REPLACE INTO line_keys (order_id, line_id, number)
    VALUES ('o-4', 'CHAIR', 10);
REPLACE INTO line_keys (order_id, line_id, number)
    VALUES ('o-5', 'CHAIR', 11);
REPLACE INTO line_keys (order_id, line_id, number)
    VALUES ('o-5', 'SOFA', 12);
REPLACE INTO line_keys (order_id, line_id, number)
    VALUES ('o-5', 'second', 13);
REPLACE INTO line_keys (order_id, line_id, number)
    VALUES ('o-6', 'SOFA', 14);
REPLACE INTO line_keys (order_id, line_id, number)
    VALUES ('o-7', 'SOFA', 15);
REPLACE INTO line_keys (order_id, line_id, number)
    VALUES ('o-8', 'CHAIR', 16);
REPLACE INTO orders (order_id, deliver, lines)
    VALUES ('o-5', 0, '["CHAIR","SOFA","second"]');
REPLACE INTO events (offset, type, product, time, command_id, data)
    VALUES (1, 'BatchCreated', 1, 1795262400000000, NULL, '{"reference":"chair-1","quantity":10,"eta":null}');
REPLACE INTO events (offset, type, product, time, command_id, data)
    VALUES (2, 'BatchCreated', 1, 1795262400000000, NULL, '{"reference":"chair-2","quantity":20,"eta":"2026-12-01","location":"north"}');
REPLACE INTO events (offset, type, product, time, command_id, data)
    VALUES (3, 'BatchCreated', 1, 1795262400000000, NULL, '{"reference":"chair-3","quantity":3,"eta":"2027-01-10"}');
REPLACE INTO events (offset, type, product, time, command_id, data)
    VALUES (4, 'BatchCreated', 5, 1795262400000000, NULL, '{"reference":"sofa-1","quantity":4,"eta":"2026-12-05"}');
REPLACE INTO events (offset, type, product, time, command_id, data)
    VALUES (5, 'Allocated', 1, 1795262400000000, NULL, '{"order_id":"o-1","line_id":"CHAIR","quantity":4,"allocations":[{"batch":"chair-1","quantity":4}],"original_promise":"2026-11-21","current_promise":"2026-11-21","accepted":{"quantity":4,"priority":5,"policy":"earliest","if_short":"backorder"}}');
REPLACE INTO events (offset, type, product, time, command_id, data)
    VALUES (6, 'Allocated', 1, 1795262400000000, NULL, '{"order_id":"o-2","line_id":"CHAIR","quantity":6,"allocations":[{"batch":"chair-1","quantity":6}],"original_promise":"2026-11-21","current_promise":"2026-11-21","accepted":{"quantity":6,"requested_date":"2026-12-24","priority":9,"policy":"earliest","if_short":"backorder"}}');
REPLACE INTO events (offset, type, product, time, command_id, data)
    VALUES (7, 'Allocated', 1, 1795262400000000, NULL, '{"order_id":"o-3","line_id":"CHAIR","quantity":22,"allocations":[{"batch":"chair-2","quantity":20},{"batch":"chair-3","quantity":2}],"original_promise":"2027-01-10","current_promise":"2027-01-10","accepted":{"quantity":22,"priority":5,"policy":"earliest","split":true,"if_short":"backorder"}}');
REPLACE INTO events (offset, type, product, time, command_id, data)
    VALUES (8, 'Backordered', 1, 1795262400000000, NULL, '{"order_id":"o-4","line_id":"CHAIR","quantity":5,"accepted":{"quantity":5,"requested_date":"2027-02-01","priority":5,"policy":"earliest","if_short":"backorder","locations":["north"]}}');
REPLACE INTO events (offset, type, product, time, command_id, data)
    VALUES (9, 'OutOfStock', 1, 1795262400000000, '~0-8', '{"order_id":"o-4","line_id":"CHAIR","quantity":5}');
REPLACE INTO events (offset, type, product, time, command_id, data)
    VALUES (10, 'OrderPlaced', NULL, 1795262400000000, NULL, '{"order_id":"o-5","deliver":"as_ready","lines":["CHAIR","SOFA","second"]}');
REPLACE INTO events (offset, type, product, time, command_id, data)
    VALUES (11, 'Allocated', 1, 1795262400000000, '~0-10', '{"order_id":"o-5","line_id":"CHAIR","quantity":1,"allocations":[{"batch":"chair-3","quantity":1}],"original_promise":"2027-01-10","current_promise":"2027-01-10","accepted":{"quantity":1,"priority":5,"policy":"earliest","if_short":"backorder"}}');
REPLACE INTO events (offset, type, product, time, command_id, data)
    VALUES (12, 'Allocated', 5, 1795262400000000, '~0-10', '{"order_id":"o-5","line_id":"SOFA","quantity":2,"allocations":[{"batch":"sofa-1","quantity":2}],"original_promise":"2026-12-05","current_promise":"2026-12-05","accepted":{"quantity":2,"priority":5,"policy":"earliest","if_short":"backorder"}}');
REPLACE INTO events (offset, type, product, time, command_id, data)
    VALUES (13, 'Allocated', 5, 1795262400000000, '~0-10', '{"order_id":"o-5","line_id":"second","quantity":1,"allocations":[{"batch":"sofa-1","quantity":1}],"original_promise":"2026-12-05","current_promise":"2026-12-05","accepted":{"quantity":1,"priority":5,"policy":"earliest","if_short":"backorder"}}');
REPLACE INTO events (offset, type, product, time, command_id, data)
    VALUES (14, 'Allocated', 5, 1795262400000000, NULL, '{"order_id":"o-6","line_id":"SOFA","quantity":1,"allocations":[{"batch":"sofa-1","quantity":1}],"original_promise":"2026-12-05","current_promise":"2026-12-05","accepted":{"quantity":1,"priority":5,"policy":"earliest","if_short":"backorder"}}');
REPLACE INTO events (offset, type, product, time, command_id, data)
    VALUES (15, 'Backordered', 5, 1795262400000000, NULL, '{"order_id":"o-7","line_id":"SOFA","quantity":9,"accepted":{"quantity":9,"priority":5,"policy":"just_in_time","if_short":"backorder"}}');
REPLACE INTO events (offset, type, product, time, command_id, data)
    VALUES (16, 'OutOfStock', 5, 1795262400000000, '~0-15', '{"order_id":"o-7","line_id":"SOFA","quantity":9}');
REPLACE INTO events (offset, type, product, time, command_id, data)
    VALUES (17, 'BatchEtaChanged', 5, 1795262400000000, NULL, '{"reference":"sofa-1","from":"2026-12-05","to":"2026-12-15"}');
REPLACE INTO events (offset, type, product, time, command_id, data)
    VALUES (18, 'PromiseChanged', 5, 1795262400000000, '~0-17', '{"order_id":"o-6","line_id":"SOFA","from":"2026-12-05","to":"2026-12-15","cause":"eta_changed"}');
REPLACE INTO events (offset, type, product, time, command_id, data)
    VALUES (19, 'PromiseChanged', 5, 1795262400000000, '~0-17', '{"order_id":"o-5","line_id":"second","from":"2026-12-05","to":"2026-12-15","cause":"eta_changed"}');
REPLACE INTO events (offset, type, product, time, command_id, data)
    VALUES (20, 'PromiseChanged', 5, 1795262400000000, '~0-17', '{"order_id":"o-5","line_id":"SOFA","from":"2026-12-05","to":"2026-12-15","cause":"eta_changed"}');
REPLACE INTO events (offset, type, product, time, command_id, data)
    VALUES (21, 'LineAmended', 1, 1795262400000000, NULL, '{"order_id":"o-1","line_id":"CHAIR","from":4,"to":3,"allocations":[{"batch":"chair-1","quantity":3}]}');
REPLACE INTO events (offset, type, product, time, command_id, data)
    VALUES (22, 'Deallocated', 5, 1795262400000000, NULL, '{"order_id":"o-6","line_id":"SOFA","quantity":1,"allocations":[{"batch":"sofa-1","quantity":1}],"reason":"cancelled"}');
REPLACE INTO events (offset, type, product, time, command_id, data)
    VALUES (23, 'LineCancelled', 5, 1795262400000000, '~0-22', '{"order_id":"o-6","line_id":"SOFA","quantity":1}');
REPLACE INTO events (offset, type, product, time, command_id, data)
    VALUES (24, 'BatchQuantityChanged', 1, 1795262400000000, NULL, '{"reference":"chair-1","from":10,"to":6,"reason":"flood"}');
REPLACE INTO events (offset, type, product, time, command_id, data)
    VALUES (25, 'Deallocated', 1, 1795262400000000, '~0-24', '{"order_id":"o-1","line_id":"CHAIR","quantity":3,"allocations":[{"batch":"chair-1","quantity":3}],"reason":"quantity_changed"}');
REPLACE INTO events (offset, type, product, time, command_id, data)
    VALUES (26, 'Backordered', 1, 1795262400000000, '~0-24', '{"order_id":"o-1","line_id":"CHAIR","quantity":3}');
REPLACE INTO events (offset, type, product, time, command_id, data)
    VALUES (27, 'OutOfStock', 1, 1795262400000000, '~0-24', '{"order_id":"o-1","line_id":"CHAIR","quantity":3}');
REPLACE INTO events (offset, type, product, time, command_id, data)
    VALUES (28, 'Backordered', 1, 1795262400000000, 'key-1', '{"order_id":"o-8","line_id":"CHAIR","quantity":1,"accepted":{"quantity":1,"priority":5,"policy":"earliest","if_short":"backorder"}}');
REPLACE INTO events (offset, type, product, time, command_id, data)
    VALUES (29, 'OutOfStock', 1, 1795262400000000, 'key-1', '{"order_id":"o-8","line_id":"CHAIR","quantity":1}');
REPLACE INTO events (offset, type, product, time, command_id, data)
    VALUES (30, 'BatchCreated', 17, 1795262400000000, NULL, '{"reference":"lamp-1","quantity":7,"eta":null}');
REPLACE INTO answers (seq, id, command, answer, time)
    VALUES (1, 'key-1', '{"type":"Allocate","order_id":"o-8","sku":"CHAIR","quantity":1,"line_id":null,"requested_date":null,"priority":5,"policy":"earliest","split":false,"if_short":"backorder","locations":[]}', '{"Ok":{"reply":{"line":{"order_id":"o-8","line_id":"CHAIR","sku":"CHAIR","quantity":1,"status":"backordered","allocations":[],"dispatched":0,"requested_date":null,"original_promise":null,"current_promise":null,"overdue":false,"priority":5,"policy":"earliest"}},"created":true}}', 1795262400000000);
