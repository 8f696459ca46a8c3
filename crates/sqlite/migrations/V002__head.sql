INSERT INTO heads (partition, version, next_offset, next_number, settled) VALUES (0, 0, 1, 1, 1);
