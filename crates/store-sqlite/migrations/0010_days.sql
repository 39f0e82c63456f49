-- Days are accounts too: what is paid to others is counted by channel, account, provider and over all.

ALTER TABLE ledger_accounts ADD COLUMN day TEXT;          -- of a day: its date; of anything else: NULL
ALTER TABLE ledger_accounts ADD COLUMN thresholds TEXT;   -- spending that is announced, by commas; NULL: the usual
CREATE INDEX ledger_accounts_of_day ON ledger_accounts (day) WHERE day IS NOT NULL;
-- It was how many thresholds were announced; it is the spending up to which they were.
UPDATE ledger_accounts
SET announced = CASE announced WHEN 1 THEN 2500000 WHEN 2 THEN 2800000 ELSE 3000000 END
WHERE announced > 0;

-- What a day, or every video, may cost.
CREATE TABLE budgets (
    scope       TEXT PRIMARY KEY,           -- BudgetOf::key
    cap         INTEGER NOT NULL,           -- what may be spent
    thresholds  TEXT NOT NULL,              -- spending that is announced, by commas
    changed_at  INTEGER NOT NULL,           -- since when
    CHECK (cap >= 0)
) STRICT;

-- Backends that nothing may be reserved for or sent to.
CREATE TABLE backends_off (
    name        TEXT PRIMARY KEY,           -- as configurations name it
    changed_at  INTEGER NOT NULL,           -- since when
    reason      TEXT NOT NULL               -- why, for people
) STRICT;

-- A transfer knows its days, and may be reconciled. SQLite changes no CHECK, so the table is written
-- anew.
CREATE TABLE transfers_kept (
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
    days           TEXT,                    -- JSON: accounts of days that it is counted in; NULL: none
    CHECK (state IN ('pending', 'sent', 'posted', 'voided', 'unknown', 'reconciled')),
    CHECK (state IN ('posted', 'reconciled') OR posted = 0),
    CHECK (state <> 'sent' OR sent_at IS NOT NULL)
) STRICT;
INSERT INTO transfers_kept
    SELECT id, video_id, job_id, stage, attempt, backend, meter, unit_price, price_version, imputed,
           quantity_max, quantity, held, posted, state, held_at, sent_at, settled_at, NULL
    FROM transfers ORDER BY rowid;
DROP TABLE transfers;
ALTER TABLE transfers_kept RENAME TO transfers;
CREATE INDEX transfers_of_video ON transfers (video_id, held_at, id);
CREATE INDEX transfers_of_job ON transfers (job_id);
-- Who holds a day's money.
CREATE INDEX transfers_of_days ON transfers (held_at) WHERE days IS NOT NULL;

-- The books of deleted videos tell channels apart; one that has none is that of the nil UUID.
CREATE TABLE spent_kept (
    account_id     TEXT NOT NULL REFERENCES accounts (id), -- whose money
    channel_id     TEXT NOT NULL,           -- for which channel
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
    PRIMARY KEY (account_id, channel_id, day, stage, backend, meter, unit_price, price_version,
                 imputed)
) STRICT, WITHOUT ROWID;
INSERT INTO spent_kept
    SELECT account_id, '00000000-0000-0000-0000-000000000000', day, stage, backend, meter, unit_price,
           price_version, imputed, transfers, quantity, posted, unknown
    FROM spent;
DROP TABLE spent;
ALTER TABLE spent_kept RENAME TO spent;
