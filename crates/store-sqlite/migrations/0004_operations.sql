-- What operators need: due times, later starts, recurring starts, and books that outlive videos.

ALTER TABLE videos ADD COLUMN due_at INTEGER;    -- when it is due
ALTER TABLE videos ADD COLUMN start_at INTEGER;  -- nothing of it is begun before
ALTER TABLE videos ADD COLUMN trimmed INTEGER NOT NULL DEFAULT 0; -- 1: its events are deleted

-- What is not kept for ever, the oldest first.
CREATE INDEX videos_ended ON videos (finalized_at) WHERE finalized_at IS NOT NULL;
CREATE INDEX videos_untrimmed ON videos (finalized_at)
    WHERE finalized_at IS NOT NULL AND trimmed = 0;
-- How fast the line moves.
CREATE INDEX outbox_begun ON outbox (at) WHERE kind = 'video.running';

-- Transfers of deleted videos, added up before they go: what was spent stays spent.
CREATE TABLE spent (
    account_id     TEXT NOT NULL REFERENCES accounts (id), -- whose money
    day            INTEGER NOT NULL,        -- when that day began in UTC
    stage          TEXT NOT NULL,           -- on which stage
    backend        TEXT NOT NULL,           -- who did the work
    meter          TEXT NOT NULL,           -- what was counted
    unit_price     TEXT NOT NULL,           -- dollars a unit, exact decimal
    price_version  TEXT NOT NULL,           -- which row of the price book
    imputed        INTEGER NOT NULL,        -- 1: our own machine's share, not cash
    transfers      INTEGER NOT NULL,        -- how many were added up
    quantity       INTEGER NOT NULL,        -- units
    posted         INTEGER NOT NULL,        -- spent
    unknown        INTEGER NOT NULL,        -- perhaps billed, at worst case
    PRIMARY KEY (account_id, day, stage, backend, meter, unit_price, price_version, imputed)
) STRICT, WITHOUT ROWID;

CREATE TABLE schedules (
    id          TEXT PRIMARY KEY,           -- UUIDv7
    account_id  TEXT NOT NULL REFERENCES accounts (id), -- whose videos it starts
    name        TEXT NOT NULL,              -- for people, unique within the account
    state       TEXT NOT NULL,              -- ScheduleState
    timing      TEXT NOT NULL,              -- JSON: when it ticks
    request     TEXT NOT NULL,              -- JSON: what is made
    priority    INTEGER NOT NULL,           -- of its videos
    next_at     INTEGER,                    -- when the next tick is to be started
    created_at  INTEGER NOT NULL,           -- when it was added
    last_at     INTEGER,                    -- when it last did something, or failed to
    last_video  TEXT,                       -- what it started last; may be deleted since
    last_error  TEXT,                       -- why the last tick started nothing
    started     INTEGER NOT NULL DEFAULT 0, -- videos that it has started
    UNIQUE (account_id, name),
    CHECK (state IN ('active', 'paused')),
    CHECK (priority BETWEEN 1 AND 10)
) STRICT;
CREATE INDEX schedules_due ON schedules (next_at) WHERE state = 'active';

-- An entry of the cache outlives the video that made it first, so it can't refer to it.
CREATE TABLE cache_kept (
    key       TEXT PRIMARY KEY,             -- hash of all that went in
    video_id  TEXT NOT NULL,                -- who made it first; may be deleted since
    output    TEXT NOT NULL,                -- JSON: what it gave
    used_at   INTEGER NOT NULL              -- when it was last asked for
) STRICT;
INSERT INTO cache_kept SELECT key, video_id, output, used_at FROM cache;
CREATE TABLE artifacts_kept (
    key    TEXT NOT NULL REFERENCES cache_kept (key) ON DELETE CASCADE, -- the entry it belongs to
    id     TEXT NOT NULL,                   -- SHA-256 of its bytes
    bytes  INTEGER NOT NULL,                -- its size
    PRIMARY KEY (key, id)
) STRICT, WITHOUT ROWID;
INSERT INTO artifacts_kept SELECT key, id, bytes FROM artifacts;
DROP TABLE artifacts;
DROP TABLE cache;
ALTER TABLE cache_kept RENAME TO cache;
ALTER TABLE artifacts_kept RENAME TO artifacts;
CREATE INDEX cache_by_use ON cache (used_at);
CREATE INDEX artifacts_by_id ON artifacts (id);

-- An attempt may end by a snooze. SQLite changes no CHECK, so the table is written anew.
CREATE TABLE attempts_kept (
    job_id      TEXT NOT NULL REFERENCES jobs (id),     -- of which job
    attempt     INTEGER NOT NULL,           -- its fencing number
    video_id    TEXT NOT NULL REFERENCES videos (id),   -- of which video
    node_id     TEXT NOT NULL,              -- who had the lease; the node may be gone
    started_at  INTEGER NOT NULL,           -- when it was claimed
    ended_at    INTEGER,                    -- when it ended
    outcome     TEXT,                       -- how: AttemptEnd
    error_code  TEXT,                       -- why it failed: Code
    error_text  TEXT,                       -- why it failed, in words
    PRIMARY KEY (job_id, attempt),
    CHECK ((ended_at IS NULL) = (outcome IS NULL)),
    CHECK (outcome IN ('completed', 'retryable', 'discarded', 'released', 'rescued', 'snoozed'))
) STRICT;
INSERT INTO attempts_kept
    SELECT job_id, attempt, video_id, node_id, started_at, ended_at, outcome, error_code, error_text
    FROM attempts ORDER BY rowid;
DROP TABLE attempts;
ALTER TABLE attempts_kept RENAME TO attempts;
CREATE INDEX attempts_of_video ON attempts (video_id, started_at);
