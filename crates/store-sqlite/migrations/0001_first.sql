-- Forward only. Times are microseconds since 1970 UTC; money is whole micro-dollars.

CREATE TABLE accounts (
    id          TEXT PRIMARY KEY,           -- UUID
    name        TEXT NOT NULL               -- for people
) STRICT;

INSERT INTO accounts (id, name) VALUES ('00000000-0000-0000-0000-000000000000', 'local');

CREATE TABLE videos (
    id            TEXT PRIMARY KEY,         -- UUIDv7: sorts by birth
    account_id    TEXT NOT NULL REFERENCES accounts (id), -- whose it is
    key           TEXT NOT NULL,            -- idempotency key, unique within the account
    title         TEXT NOT NULL,            -- working title, then the script's
    state         TEXT NOT NULL,            -- VideoState
    request       TEXT NOT NULL,            -- JSON: the brief and everything resolved from it
    budget        INTEGER NOT NULL,         -- what it may cost
    created_at    INTEGER NOT NULL,         -- when it was accepted
    finalized_at  INTEGER,                  -- when it ended
    failure_code  TEXT,                     -- why it failed: Code
    failure_text  TEXT,                     -- why it failed, in words
    UNIQUE (account_id, key),
    CHECK (state IN ('queued', 'running', 'ready', 'failed', 'cancelled')),
    CHECK ((finalized_at IS NOT NULL) = (state IN ('ready', 'failed', 'cancelled'))),
    CHECK (budget BETWEEN 0 AND 3000000)
) STRICT;

CREATE TABLE nodes (
    id         TEXT PRIMARY KEY,            -- UUIDv7
    name       TEXT NOT NULL,               -- host and process, for people
    joined_at  INTEGER NOT NULL             -- when it joined
) STRICT;

CREATE TABLE jobs (
    id            TEXT PRIMARY KEY,         -- UUIDv7
    video_id      TEXT NOT NULL REFERENCES videos (id),   -- its video
    stage         TEXT NOT NULL,            -- Stage
    state         TEXT NOT NULL,            -- JobState
    args          TEXT NOT NULL,            -- JSON input
    output        TEXT,                     -- JSON, once completed
    rank          INTEGER NOT NULL,         -- smaller is more urgent
    waiting_for   INTEGER NOT NULL,         -- jobs before it that are not completed yet
    attempt       INTEGER NOT NULL DEFAULT 0, -- fencing number: grows at every claim, never shrinks
    attempts      INTEGER NOT NULL DEFAULT 0, -- attempts that count; an interrupted one doesn't
    node_id       TEXT,                     -- who holds the lease
    lease_until   INTEGER,                  -- when it runs out
    scheduled_at  INTEGER,                  -- when a retry is due
    error_code    TEXT,                     -- the last failure: Code
    error_text    TEXT,                     -- the last failure, in words
    created_at    INTEGER NOT NULL,         -- when it was added
    finalized_at  INTEGER,                  -- when it ended
    CHECK (state IN ('waiting', 'scheduled', 'available', 'running',
                     'completed', 'cancelled', 'discarded')),
    CHECK ((state = 'running') = (lease_until IS NOT NULL)),
    CHECK ((state = 'scheduled') = (scheduled_at IS NOT NULL)),
    CHECK ((finalized_at IS NOT NULL) = (state IN ('completed', 'cancelled', 'discarded'))),
    CHECK (waiting_for >= 0)
) STRICT;

-- What claims read, and nothing else: finished jobs leave it.
CREATE INDEX jobs_available ON jobs (rank, id) WHERE state = 'available';
CREATE INDEX jobs_scheduled ON jobs (scheduled_at) WHERE state = 'scheduled';
CREATE INDEX jobs_running ON jobs (lease_until) WHERE state = 'running';
CREATE INDEX jobs_of_video ON jobs (video_id, id);

CREATE TABLE job_deps (
    job_id     TEXT NOT NULL REFERENCES jobs (id),  -- the one that waits
    after_id   TEXT NOT NULL REFERENCES jobs (id),  -- the one before it
    position   INTEGER NOT NULL,                    -- order of the inputs
    PRIMARY KEY (job_id, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX job_deps_after ON job_deps (after_id);

CREATE TABLE ledger_accounts (
    scope      TEXT PRIMARY KEY,            -- Scope::key
    cap        INTEGER NOT NULL,            -- what may be spent
    pending    INTEGER NOT NULL DEFAULT 0,  -- reserved at worst case
    posted     INTEGER NOT NULL DEFAULT 0,  -- spent
    overrun    INTEGER NOT NULL DEFAULT 0,  -- bills above their reservations
    announced  INTEGER NOT NULL DEFAULT 0,  -- thresholds announced so far
    CHECK (pending >= 0 AND posted >= 0 AND overrun >= 0),
    CHECK (posted + pending <= cap + overrun)
) STRICT;

CREATE TABLE transfers (
    id             TEXT PRIMARY KEY,        -- UUIDv7, chosen by who asks
    video_id       TEXT NOT NULL REFERENCES videos (id), -- whose money
    job_id         TEXT NOT NULL REFERENCES jobs (id),   -- the job that asked
    stage          TEXT NOT NULL,           -- the job's stage
    attempt        INTEGER NOT NULL,        -- which attempt of the job
    backend        TEXT NOT NULL,           -- who does the work
    meter          TEXT NOT NULL,           -- what is counted
    unit_price     TEXT NOT NULL,           -- dollars a unit, exact decimal
    price_version  TEXT NOT NULL,           -- which row of the price book
    imputed        INTEGER NOT NULL,        -- 1: our own machine's share, not cash
    quantity_max   INTEGER NOT NULL,        -- the most units it can take
    quantity       INTEGER NOT NULL DEFAULT 0, -- units it took
    held           INTEGER NOT NULL,        -- reserved
    posted         INTEGER NOT NULL DEFAULT 0, -- spent
    state          TEXT NOT NULL,           -- TransferState
    held_at        INTEGER NOT NULL,        -- when it was reserved
    sent_at        INTEGER,                 -- when its request left
    settled_at     INTEGER,                 -- when it ended
    CHECK (state IN ('pending', 'sent', 'posted', 'voided', 'unknown')),
    CHECK (state = 'posted' OR posted = 0),
    CHECK (state <> 'sent' OR sent_at IS NOT NULL)
) STRICT;
CREATE INDEX transfers_of_video ON transfers (video_id, held_at, id);
CREATE INDEX transfers_open ON transfers (job_id) WHERE state IN ('pending', 'sent');

CREATE TABLE cache (
    key       TEXT PRIMARY KEY,             -- hash of all that went in
    video_id  TEXT NOT NULL REFERENCES videos (id), -- who made it first
    output    TEXT NOT NULL,                -- JSON: what it gave
    used_at   INTEGER NOT NULL              -- when it was last asked for
) STRICT;
CREATE INDEX cache_by_use ON cache (used_at);

CREATE TABLE artifacts (
    key    TEXT NOT NULL REFERENCES cache (key) ON DELETE CASCADE, -- the entry it belongs to
    id     TEXT NOT NULL,                   -- SHA-256 of its bytes
    bytes  INTEGER NOT NULL,                -- its size
    PRIMARY KEY (key, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX artifacts_by_id ON artifacts (id);

CREATE TABLE outbox (
    seq       INTEGER PRIMARY KEY AUTOINCREMENT, -- order of events; never reused
    at        INTEGER NOT NULL,             -- when it happened
    video_id  TEXT NOT NULL REFERENCES videos (id), -- to which video
    job_id    TEXT,                         -- to which job
    stage     TEXT,                         -- of which stage
    kind      TEXT NOT NULL,                -- EventKind
    detail    TEXT NOT NULL                 -- JSON
) STRICT;
CREATE INDEX outbox_of_video ON outbox (video_id, seq);
