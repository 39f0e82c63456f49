-- Who comes in over HTTP: keys, what they asked for, and secrets of the servers.

CREATE TABLE api_keys (
    id          TEXT PRIMARY KEY,           -- UUIDv7
    account_id  TEXT NOT NULL REFERENCES accounts (id), -- whose it is
    name        TEXT NOT NULL,              -- for people
    prefix      TEXT NOT NULL,              -- how its secret begins
    hash        TEXT NOT NULL UNIQUE,       -- SHA-256 of its secret, hexadecimal
    scopes      TEXT NOT NULL,              -- what it may be used for: names of Access, parted by spaces
    created_at  INTEGER NOT NULL,            -- when it was made
    ends_at     INTEGER                      -- since when or from when on it opens nothing
) STRICT;

CREATE TABLE requests (
    key_id        TEXT NOT NULL REFERENCES api_keys (id), -- who asks
    name          TEXT NOT NULL,            -- what they call it
    fingerprint   TEXT NOT NULL,            -- hash of all that was asked for
    token         TEXT NOT NULL,           -- UUID from which its effect is derived
    begun_at      INTEGER NOT NULL,          -- when it was begun first
    lease_until   INTEGER NOT NULL,          -- until when whoever does it is waited for
    status        INTEGER,                   -- the answer's HTTP status
    content_type  TEXT,                     -- the answer's kind
    location      TEXT,                     -- where what was made is found
    body          TEXT,                     -- the answer
    PRIMARY KEY (key_id, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX requests_by_age ON requests (begun_at);

CREATE TABLE secrets (
    name   TEXT PRIMARY KEY,                -- what for
    value  TEXT NOT NULL                    -- hexadecimal
) STRICT, WITHOUT ROWID;

CREATE TABLE write_tests (
    id  INTEGER PRIMARY KEY,                -- always 1
    at  INTEGER NOT NULL                    -- when writing was last tried
) STRICT;
