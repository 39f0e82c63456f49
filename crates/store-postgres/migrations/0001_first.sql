-- Forward only. Times are microseconds since 1970 UTC; money is whole micro-dollars.
--
-- JSON is kept as json, not jsonb: no statement looks into it, and jsonb changes what it is given
-- (1e16 becomes an integer, -0.0 loses its sign, and \u0000 is refused), so the same video would
-- differ from one database to the other.

CREATE TABLE accounts (
    id          uuid PRIMARY KEY,           -- UUID
    name        text NOT NULL               -- for people
);

INSERT INTO accounts (id, name) VALUES ('00000000-0000-0000-0000-000000000000', 'local');

-- The row of a video is the lock of everything about it: see the crate's documentation.
CREATE TABLE videos (
    id            uuid PRIMARY KEY,         -- UUIDv7: sorts by birth
    account_id    uuid NOT NULL REFERENCES accounts (id), -- whose it is
    key           text COLLATE "C" NOT NULL, -- idempotency key; bytes, so that an index finds prefixes
    title         text NOT NULL,            -- working title, then the script's
    state         text NOT NULL,            -- VideoState
    request       json NOT NULL,            -- the brief and everything resolved from it
    budget        bigint NOT NULL,          -- what it may cost
    created_at    bigint NOT NULL,          -- when it was accepted
    finalized_at  bigint,                   -- when it ended
    failure_code  text,                     -- why it failed: Code
    failure_text  text,                     -- why it failed, in words
    UNIQUE (account_id, key),
    CHECK (state IN ('queued', 'running', 'ready', 'failed', 'cancelled')),
    CHECK ((finalized_at IS NOT NULL) = (state IN ('ready', 'failed', 'cancelled'))),
    CHECK (budget BETWEEN 0 AND 3000000)
) WITH (fillfactor = 80);
CREATE INDEX videos_by_key ON videos (key);
-- Whose first job is claimed next.
CREATE INDEX videos_queued ON videos (id) WHERE state = 'queued';
-- What pruning the cache asks for, and nothing else: ended videos leave it.
CREATE INDEX videos_open ON videos (created_at) WHERE finalized_at IS NULL;

CREATE TABLE nodes (
    id         uuid PRIMARY KEY,            -- UUIDv7
    name       text NOT NULL,               -- host and process, for people
    joined_at  bigint NOT NULL              -- when it joined
);

-- A job's row is written about four times in its life (claim, heartbeats, settle), so dead rows
-- pile up where live ones are few. Pages keep 30 % free, so that a heartbeat stays on its page and
-- touches no index (HOT); vacuum begins at 1,000 dead rows whatever the table's size, and without
-- pausing. Measured with a snapshot held open for 30 s at 600 jobs a second: claims through an
-- index that holds the state slow down 4.6-fold, through partial indexes threefold.
CREATE TABLE jobs (
    id            uuid PRIMARY KEY,         -- UUIDv7
    birth         bigint GENERATED ALWAYS AS IDENTITY, -- order in which jobs were added
    video_id      uuid NOT NULL REFERENCES videos (id),   -- its video
    stage         text NOT NULL,            -- Stage
    state         text NOT NULL,            -- JobState
    args          json NOT NULL,            -- input
    output        json,                     -- what it gave, once completed
    rank          bigint NOT NULL,          -- smaller is more urgent
    waiting_for   bigint NOT NULL,          -- jobs before it that are not completed yet
    attempt       bigint NOT NULL DEFAULT 0, -- fencing number: grows at every claim, never shrinks
    attempts      bigint NOT NULL DEFAULT 0, -- attempts that count; an interrupted one doesn't
    node_id       uuid,                     -- who holds the lease
    lease_until   bigint,                   -- when it runs out
    scheduled_at  bigint,                   -- when a retry is due
    error_code    text,                     -- the last failure: Code
    error_text    text,                     -- the last failure, in words
    created_at    bigint NOT NULL,          -- when it was added
    finalized_at  bigint,                   -- when it ended
    CHECK (state IN ('waiting', 'scheduled', 'available', 'running',
                     'completed', 'cancelled', 'discarded')),
    CHECK ((state = 'running') = (lease_until IS NOT NULL)),
    CHECK ((state = 'running') = (node_id IS NOT NULL)),
    CHECK ((state = 'scheduled') = (scheduled_at IS NOT NULL)),
    CHECK ((finalized_at IS NOT NULL) = (state IN ('completed', 'cancelled', 'discarded'))),
    CHECK (waiting_for >= 0)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000,
        autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 1000,
        autovacuum_vacuum_cost_delay = 0);

-- What claims read, and nothing else: claimed and finished jobs leave them. One for a node that
-- works for anybody, one for a node that works for one video.
CREATE INDEX jobs_available ON jobs (rank, id) WHERE state = 'available';
CREATE INDEX jobs_available_of_video ON jobs (video_id, rank, id) WHERE state = 'available';
CREATE INDEX jobs_scheduled ON jobs (scheduled_at) WHERE state = 'scheduled';
-- By id, not by the end of the lease: heartbeats change that, and would touch the index each time.
-- Running jobs are as few as there are slots.
CREATE INDEX jobs_running ON jobs (id) WHERE state = 'running';
CREATE INDEX jobs_of_video ON jobs (video_id, birth);

CREATE TABLE job_deps (
    job_id     uuid NOT NULL REFERENCES jobs (id),  -- the one that waits
    after_id   uuid NOT NULL REFERENCES jobs (id),  -- the one before it
    position   bigint NOT NULL,                     -- order of the inputs
    PRIMARY KEY (job_id, position)
);
CREATE INDEX job_deps_after ON job_deps (after_id);

-- A video's account changes with every reservation: half of each page stays free for it.
CREATE TABLE ledger_accounts (
    scope      text PRIMARY KEY,            -- Scope::key
    cap        bigint NOT NULL,             -- what may be spent
    pending    bigint NOT NULL DEFAULT 0,   -- reserved at worst case
    posted     bigint NOT NULL DEFAULT 0,   -- spent
    overrun    bigint NOT NULL DEFAULT 0,   -- bills above their reservations
    announced  bigint NOT NULL DEFAULT 0,   -- thresholds announced so far
    CHECK (pending >= 0 AND posted >= 0 AND overrun >= 0),
    CHECK (posted + pending <= cap + overrun)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000,
        autovacuum_vacuum_cost_delay = 0);

CREATE TABLE transfers (
    id             uuid PRIMARY KEY,        -- UUIDv7, chosen by who asks
    video_id       uuid NOT NULL REFERENCES videos (id), -- whose money
    job_id         uuid NOT NULL REFERENCES jobs (id),   -- the job that asked
    stage          text NOT NULL,           -- the job's stage
    attempt        bigint NOT NULL,         -- which attempt of the job
    backend        text NOT NULL,           -- who does the work
    meter          text NOT NULL,           -- what is counted
    unit_price     text NOT NULL,           -- dollars a unit, exact decimal
    price_version  text NOT NULL,           -- which row of the price book
    imputed        boolean NOT NULL,        -- our own machine's share, not cash
    quantity_max   bigint NOT NULL,         -- the most units it can take
    quantity       bigint NOT NULL DEFAULT 0, -- units it took
    held           bigint NOT NULL,         -- reserved
    posted         bigint NOT NULL DEFAULT 0, -- spent
    state          text NOT NULL,           -- TransferState
    held_at        bigint NOT NULL,         -- when it was reserved
    sent_at        bigint,                  -- when its request left
    settled_at     bigint,                  -- when it ended
    CHECK (state IN ('pending', 'sent', 'posted', 'voided', 'unknown')),
    CHECK (state = 'posted' OR posted = 0),
    CHECK (state <> 'sent' OR sent_at IS NOT NULL)
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
CREATE INDEX transfers_of_video ON transfers (video_id, held_at, id);
CREATE INDEX transfers_open ON transfers (job_id) WHERE state IN ('pending', 'sent');

CREATE TABLE cache (
    key       text COLLATE "C" PRIMARY KEY, -- hash of all that went in
    video_id  uuid NOT NULL REFERENCES videos (id), -- who made it first
    output    json NOT NULL,                -- what it gave
    used_at   bigint NOT NULL               -- when it was last asked for
);
CREATE INDEX cache_by_use ON cache (used_at, key);

CREATE TABLE artifacts (
    key    text COLLATE "C" NOT NULL REFERENCES cache (key) ON DELETE CASCADE, -- the entry it belongs to
    id     text COLLATE "C" NOT NULL,       -- SHA-256 of its bytes
    bytes  bigint NOT NULL,                 -- its size
    PRIMARY KEY (key, id)
);
CREATE INDEX artifacts_by_id ON artifacts (id);

CREATE TABLE outbox (
    seq       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, -- order of events within a video; never reused
    at        bigint NOT NULL,              -- when it happened
    video_id  uuid NOT NULL REFERENCES videos (id), -- to which video
    job_id    uuid,                         -- to which job
    stage     text,                         -- of which stage
    kind      text NOT NULL,                -- EventKind
    detail    json NOT NULL                 -- by kind
);
CREATE INDEX outbox_of_video ON outbox (video_id, seq);
