-- The line that all nodes obey; priorities and turns of videos. A program that knows nothing of it
-- would go on spending while the line is halted, so none may.

CREATE TABLE line (
    id          bigint PRIMARY KEY,         -- 1: there is one
    mode        text NOT NULL,              -- LineMode
    changed_at  bigint NOT NULL,            -- since when
    reason      text NOT NULL,              -- why, for people
    turn        bigint NOT NULL,            -- the latest turn of a video that was begun
    CHECK (id = 1),
    CHECK (mode IN ('running', 'paused', 'halted'))
) WITH (fillfactor = 50);

INSERT INTO line (id, mode, changed_at, reason, turn) VALUES (1, 'running', 0, '', 0);

ALTER TABLE accounts ADD COLUMN turn bigint NOT NULL DEFAULT 0; -- of its latest video

ALTER TABLE videos ADD COLUMN priority bigint NOT NULL DEFAULT 5
    CHECK (priority BETWEEN 1 AND 10);                          -- 10 goes first
ALTER TABLE videos ADD COLUMN turn bigint NOT NULL DEFAULT 0;   -- its place among its equals

ALTER TABLE nodes ADD COLUMN seen_at bigint NOT NULL DEFAULT 0; -- when it last said that it lives
ALTER TABLE nodes ADD COLUMN draining boolean NOT NULL DEFAULT false; -- it shall leave

-- Whose first job is claimed next: in the order of their turns.
DROP INDEX videos_queued;
CREATE INDEX videos_queued ON videos (priority DESC, turn, id) WHERE state = 'queued';
