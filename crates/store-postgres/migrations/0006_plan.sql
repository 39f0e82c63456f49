-- What a scheduler needs: lengths, promises, machines, and what history taught.

ALTER TABLE videos ADD COLUMN words bigint NOT NULL DEFAULT 0;    -- spoken in it, as far as was known
ALTER TABLE videos ADD COLUMN likely_at bigint;                   -- when it was likely to end
ALTER TABLE videos ADD COLUMN promised_at bigint;                 -- when it was promised to have ended

ALTER TABLE nodes ADD COLUMN machine json;                        -- what its machine has: Machine

CREATE TABLE learned (
    machine   text NOT NULL,                -- kind of machine
    backend   text NOT NULL,                -- as the workload names it
    jobs      bigint NOT NULL,              -- jobs seen
    mean      bigint NOT NULL,              -- of ln(time over prior median), in millionths
    variance  bigint NOT NULL,              -- of the same, in millionths
    PRIMARY KEY (machine, backend)
);
