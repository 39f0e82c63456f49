-- Accounts have a time zone, and channels: parts of them that videos are made for.

ALTER TABLE accounts ADD COLUMN zone TEXT NOT NULL DEFAULT 'UTC'; -- IANA name: where its days begin

CREATE TABLE channels (
    id          TEXT PRIMARY KEY,           -- UUIDv7
    account_id  TEXT NOT NULL REFERENCES accounts (id), -- whose it is
    name        TEXT NOT NULL,              -- for people, unique among those that are there
    zone        TEXT,                       -- IANA name: where its days begin; NULL: the account's
    created_at  INTEGER NOT NULL,           -- when it was added
    removed_at  INTEGER                     -- since when nothing is accepted for it
) STRICT;
CREATE UNIQUE INDEX channels_by_name ON channels (account_id, name) WHERE removed_at IS NULL;

ALTER TABLE videos ADD COLUMN channel_id TEXT REFERENCES channels (id); -- for which channel
