-- What must be free on the node that runs a job.

ALTER TABLE jobs ADD COLUMN cpu_milli INTEGER NOT NULL DEFAULT 0;        -- thousandths of a core
ALTER TABLE jobs ADD COLUMN memory_mib INTEGER NOT NULL DEFAULT 0;       -- memory
ALTER TABLE jobs ADD COLUMN vram_mib INTEGER NOT NULL DEFAULT 0;         -- memory of a GPU
ALTER TABLE jobs ADD COLUMN encoder_sessions INTEGER NOT NULL DEFAULT 0; -- hardware encoding
