-- Accounts have a time zone, and channels: parts of them that videos are made for.

ALTER TABLE accounts ADD COLUMN zone text NOT NULL DEFAULT 'UTC'; -- IANA name: where its days begin

CREATE TABLE channels (
    id          uuid PRIMARY KEY,           -- UUIDv7
    account_id  uuid NOT NULL REFERENCES accounts (id), -- whose it is
    name        text NOT NULL,              -- for people, unique among those that are there
    zone        text,                       -- IANA name: where its days begin; NULL: the account's
    created_at  bigint NOT NULL,            -- when it was added
    removed_at  bigint                      -- since when nothing is accepted for it
);
CREATE UNIQUE INDEX channels_by_name ON channels (account_id, name) WHERE removed_at IS NULL;

ALTER TABLE videos ADD COLUMN channel_id uuid REFERENCES channels (id); -- for which channel
