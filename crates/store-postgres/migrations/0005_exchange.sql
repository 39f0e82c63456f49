-- Many ends and the next claims in one transaction, with as few writes for each job as can be. A
-- program of before would note attempts when they begin, and must not.

-- Attempts are noted once, when they end; what is known of one that runs is in its job's row. One
-- write and two index entries fewer for each job.
CREATE SEQUENCE claims;                                 -- order in which attempts were claimed
SELECT setval('claims', (SELECT coalesce(max(birth), 0) + 1 FROM attempts));
ALTER TABLE jobs ADD COLUMN started_at bigint;          -- when its attempt was claimed, while it runs
ALTER TABLE jobs ADD COLUMN claimed bigint;             -- place of that in the order of claims
UPDATE jobs
SET started_at = attempts.started_at, claimed = attempts.birth
FROM attempts
WHERE attempts.job_id = jobs.id AND attempts.attempt = jobs.attempt AND jobs.state = 'running';
DELETE FROM attempts WHERE ended_at IS NULL;
ALTER TABLE attempts ALTER COLUMN birth DROP IDENTITY;
ALTER TABLE attempts ALTER COLUMN ended_at SET NOT NULL;
ALTER TABLE attempts ALTER COLUMN outcome SET NOT NULL;
-- They are found by the jobs of their video.
DROP INDEX attempts_of_video;

-- Each of these keys costs a look-up and a row lock for every row that is added. Whoever adds one
-- holds the lock of the video and has just read the job: they can't be missing. Money keeps its
-- keys, and so does the edge to a job before: one that isn't there would be waited for for ever.
ALTER TABLE attempts DROP CONSTRAINT attempts_job_id_fkey;
ALTER TABLE attempts DROP CONSTRAINT attempts_video_id_fkey;
ALTER TABLE outbox DROP CONSTRAINT outbox_video_id_fkey;
ALTER TABLE job_deps DROP CONSTRAINT job_deps_job_id_fkey;

-- Who works for one video reads its few jobs: they need no index of their own.
DROP INDEX jobs_available_of_video;

-- Claims begin with the job now, and look its video up: the order of queued videos is not asked for
-- any more. Those that are counted are among the open ones.
DROP INDEX videos_queued;

-- The latest turn of a video that was begun, without a row that every claim would have to change.
CREATE INDEX videos_begun ON videos (turn) WHERE state NOT IN ('queued', 'cancelled');

-- What must be free on the node that runs a job.
ALTER TABLE jobs ADD COLUMN cpu_milli integer NOT NULL DEFAULT 0;        -- thousandths of a core
ALTER TABLE jobs ADD COLUMN memory_mib integer NOT NULL DEFAULT 0;       -- memory
ALTER TABLE jobs ADD COLUMN vram_mib integer NOT NULL DEFAULT 0;         -- memory of a GPU
ALTER TABLE jobs ADD COLUMN encoder_sessions integer NOT NULL DEFAULT 0; -- hardware encoding
