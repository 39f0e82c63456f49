-- The line that all nodes obey; priorities and turns of videos.

CREATE TABLE line (
    id          INTEGER PRIMARY KEY,        -- 1: there is one
    mode        TEXT NOT NULL,              -- LineMode
    changed_at  INTEGER NOT NULL,           -- since when
    reason      TEXT NOT NULL,              -- why, for people
    turn        INTEGER NOT NULL,           -- the latest turn of a video that was begun
    CHECK (id = 1),
    CHECK (mode IN ('running', 'paused', 'halted'))
) STRICT;

INSERT INTO line (id, mode, changed_at, reason, turn) VALUES (1, 'running', 0, '', 0);

ALTER TABLE accounts ADD COLUMN turn INTEGER NOT NULL DEFAULT 0; -- of its latest video

ALTER TABLE videos ADD COLUMN priority INTEGER NOT NULL DEFAULT 5
    CHECK (priority BETWEEN 1 AND 10);                           -- 10 goes first
ALTER TABLE videos ADD COLUMN turn INTEGER NOT NULL DEFAULT 0;   -- its place among its equals

ALTER TABLE nodes ADD COLUMN seen_at INTEGER NOT NULL DEFAULT 0; -- when it last said that it lives
ALTER TABLE nodes ADD COLUMN draining INTEGER NOT NULL DEFAULT 0; -- 1: it shall leave

CREATE INDEX jobs_waiting ON jobs (video_id) WHERE state = 'waiting';
-- How many wait, without reading those that have ended.
CREATE INDEX videos_open ON videos (state) WHERE finalized_at IS NULL;
