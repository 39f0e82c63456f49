-- What running out of memory taught: needs that are learned and never shrink.

ALTER TABLE learned ADD COLUMN memory_mib INTEGER NOT NULL DEFAULT 0;  -- MiB such a job needs at least; 0: unknown
ALTER TABLE learned ADD COLUMN vram_mib INTEGER NOT NULL DEFAULT 0;    -- the same of a GPU's memory
