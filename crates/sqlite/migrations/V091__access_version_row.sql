INSERT INTO access_version (one, version) VALUES (1, 0);
