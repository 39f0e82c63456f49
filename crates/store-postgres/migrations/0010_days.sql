-- Days are accounts too: what is paid to others is counted by channel, account, provider and over all.
-- A program that knows nothing of them would spend what they don't allow, so none may.

ALTER TABLE ledger_accounts ADD COLUMN day text COLLATE "C"; -- of a day: its date; of anything else: NULL
ALTER TABLE ledger_accounts ADD COLUMN thresholds text;   -- spending that is announced, by commas; NULL: the usual
CREATE INDEX ledger_accounts_of_day ON ledger_accounts (day) WHERE day IS NOT NULL;
-- It was how many thresholds were announced; it is the spending up to which they were.
UPDATE ledger_accounts
SET announced = CASE announced WHEN 1 THEN 2500000 WHEN 2 THEN 2800000 ELSE 3000000 END
WHERE announced > 0;

-- What a day, or every video, may cost.
CREATE TABLE budgets (
    scope       text PRIMARY KEY,           -- BudgetOf::key
    cap         bigint NOT NULL,            -- what may be spent
    thresholds  text NOT NULL,              -- spending that is announced, by commas
    changed_at  bigint NOT NULL,            -- since when
    CHECK (cap >= 0)
);

-- Backends that nothing may be reserved for or sent to.
CREATE TABLE backends_off (
    name        text PRIMARY KEY,           -- as configurations name it
    changed_at  bigint NOT NULL,            -- since when
    reason      text NOT NULL               -- why, for people
);

ALTER TABLE transfers ADD COLUMN days text[]; -- accounts of days that it is counted in; NULL: none
-- Who holds a day's money; neither column changes, so no update of a transfer touches it.
CREATE INDEX transfers_of_days ON transfers (held_at) WHERE days IS NOT NULL;
ALTER TABLE transfers DROP CONSTRAINT transfers_state_check;
ALTER TABLE transfers ADD CONSTRAINT transfers_state_check
    CHECK (state IN ('pending', 'sent', 'posted', 'voided', 'unknown', 'reconciled'));
ALTER TABLE transfers DROP CONSTRAINT transfers_check;
ALTER TABLE transfers ADD CONSTRAINT transfers_check
    CHECK (state IN ('posted', 'reconciled') OR posted = 0);

-- The books of deleted videos tell channels apart; one that has none is that of the nil UUID.
ALTER TABLE spent ADD COLUMN channel_id uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000'; -- for which channel
ALTER TABLE spent DROP CONSTRAINT spent_pkey;
ALTER TABLE spent ADD PRIMARY KEY (account_id, channel_id, day, stage, backend, meter, unit_price,
                                   price_version, imputed);
