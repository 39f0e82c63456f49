-- What operators need: due times, later starts, recurring starts, and books that outlive videos.

ALTER TABLE videos ADD COLUMN due_at bigint;                      -- when it is due
ALTER TABLE videos ADD COLUMN start_at bigint;                    -- nothing of it is begun before
ALTER TABLE videos ADD COLUMN trimmed boolean NOT NULL DEFAULT false; -- its events are deleted

-- What is not kept for ever, the oldest first.
CREATE INDEX videos_ended ON videos (finalized_at) WHERE finalized_at IS NOT NULL;
CREATE INDEX videos_untrimmed ON videos (finalized_at)
    WHERE finalized_at IS NOT NULL AND NOT trimmed;
-- How fast the line moves.
CREATE INDEX outbox_begun ON outbox (at) WHERE kind = 'video.running';

-- Transfers of deleted videos, added up before they go: what was spent stays spent.
CREATE TABLE spent (
    account_id     uuid NOT NULL REFERENCES accounts (id), -- whose money
    day            bigint NOT NULL,         -- when that day began in UTC
    stage          text NOT NULL,           -- on which stage
    backend        text NOT NULL,           -- who did the work
    meter          text NOT NULL,           -- what was counted
    unit_price     text NOT NULL,           -- dollars a unit, exact decimal
    price_version  text NOT NULL,           -- which row of the price book
    imputed        boolean NOT NULL,        -- our own machine's share, not cash
    transfers      bigint NOT NULL,         -- how many were added up
    quantity       bigint NOT NULL,         -- units
    posted         bigint NOT NULL,         -- spent
    unknown        bigint NOT NULL,         -- perhaps billed, at worst case
    PRIMARY KEY (account_id, day, stage, backend, meter, unit_price, price_version, imputed)
);

CREATE TABLE schedules (
    id          uuid PRIMARY KEY,           -- UUIDv7
    account_id  uuid NOT NULL REFERENCES accounts (id), -- whose videos it starts
    name        text NOT NULL,              -- for people, unique within the account
    state       text NOT NULL,              -- ScheduleState
    timing      json NOT NULL,              -- when it ticks
    request     json NOT NULL,              -- what is made
    priority    bigint NOT NULL,            -- of its videos
    next_at     bigint,                     -- when the next tick is to be started
    created_at  bigint NOT NULL,            -- when it was added
    last_at     bigint,                     -- when it last did something, or failed to
    last_video  uuid,                       -- what it started last; may be deleted since
    last_error  text,                       -- why the last tick started nothing
    started     bigint NOT NULL DEFAULT 0,  -- videos that it has started
    UNIQUE (account_id, name),
    CHECK (state IN ('active', 'paused')),
    CHECK (priority BETWEEN 1 AND 10)
);
CREATE INDEX schedules_due ON schedules (next_at) WHERE state = 'active';

-- An entry of the cache outlives the video that made it first, so it can't refer to it.
ALTER TABLE cache DROP CONSTRAINT cache_video_id_fkey;

-- An attempt may end by a snooze.
ALTER TABLE attempts DROP CONSTRAINT attempts_outcome_check;
ALTER TABLE attempts ADD CONSTRAINT attempts_outcome_check
    CHECK (outcome IN ('completed', 'retryable', 'discarded', 'released', 'rescued', 'snoozed'));
