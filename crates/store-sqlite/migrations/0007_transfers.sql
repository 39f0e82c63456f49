-- Transfers by their job, also ended ones: whoever deletes a job looks whether any refer to it, which
-- read all of them for each. What is open of a job is found by the same index, and a transfer that
-- ends no longer changes an index.
DROP INDEX transfers_open;
CREATE INDEX transfers_of_job ON transfers (job_id);
