-- Every attempt with its error, whatever became of its job later. Written twice: when it is claimed
-- and when it ends; the second time stays on its page.

CREATE TABLE attempts (
    job_id      uuid NOT NULL REFERENCES jobs (id),     -- of which job
    attempt     bigint NOT NULL,            -- its fencing number
    birth       bigint GENERATED ALWAYS AS IDENTITY,    -- order in which they were claimed
    video_id    uuid NOT NULL REFERENCES videos (id),   -- of which video
    node_id     uuid NOT NULL,              -- who had the lease; the node may be gone
    started_at  bigint NOT NULL,            -- when it was claimed
    ended_at    bigint,                     -- when it ended
    outcome     text,                       -- how: AttemptEnd
    error_code  text,                       -- why it failed: Code
    error_text  text,                       -- why it failed, in words
    PRIMARY KEY (job_id, attempt),
    CHECK ((ended_at IS NULL) = (outcome IS NULL)),
    CHECK (outcome IN ('completed', 'retryable', 'discarded', 'released', 'rescued'))
) WITH (fillfactor = 70);
CREATE INDEX attempts_of_video ON attempts (video_id, birth);
