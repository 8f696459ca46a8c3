INSERT INTO access_version (partition, version) VALUES (0, 0) ON CONFLICT (partition) DO NOTHING;
