-- What a scheduler needs: lengths, promises, machines, and what history taught.

ALTER TABLE videos ADD COLUMN words INTEGER NOT NULL DEFAULT 0;   -- spoken in it, as far as was known
ALTER TABLE videos ADD COLUMN likely_at INTEGER;                  -- when it was likely to end
ALTER TABLE videos ADD COLUMN promised_at INTEGER;                -- when it was promised to have ended

ALTER TABLE nodes ADD COLUMN machine TEXT;                        -- what its machine has: Machine

CREATE TABLE learned (
    machine   TEXT NOT NULL,                -- kind of machine
    backend   TEXT NOT NULL,                -- as the workload names it
    jobs      INTEGER NOT NULL,             -- jobs seen
    mean      INTEGER NOT NULL,             -- of ln(time over prior median), in millionths
    variance  INTEGER NOT NULL,             -- of the same, in millionths
    PRIMARY KEY (machine, backend)
) STRICT;
