-- Every attempt with its error, whatever became of its job later.

CREATE TABLE attempts (
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
    CHECK (outcome IN ('completed', 'retryable', 'discarded', 'released', 'rescued'))
) STRICT;
CREATE INDEX attempts_of_video ON attempts (video_id, started_at);
