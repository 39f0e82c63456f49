-- Who comes in over HTTP: keys, what they asked for, and secrets of the servers.

CREATE TABLE api_keys (
    id          uuid PRIMARY KEY,           -- UUIDv7
    account_id  uuid NOT NULL REFERENCES accounts (id), -- whose it is
    name        text NOT NULL,              -- for people
    prefix      text NOT NULL,              -- how its secret begins
    hash        text NOT NULL UNIQUE,       -- SHA-256 of its secret, hexadecimal
    scopes      text NOT NULL,              -- what it may be used for: names of Access, parted by spaces
    created_at  bigint NOT NULL,            -- when it was made
    ends_at     bigint                      -- since when or from when on it opens nothing
);

CREATE TABLE requests (
    key_id        uuid NOT NULL REFERENCES api_keys (id), -- who asks
    name          text NOT NULL,            -- what they call it
    fingerprint   text NOT NULL,            -- hash of all that was asked for
    token         uuid NOT NULL,           -- UUID from which its effect is derived
    begun_at      bigint NOT NULL,          -- when it was begun first
    lease_until   bigint NOT NULL,          -- until when whoever does it is waited for
    status        bigint,                   -- the answer's HTTP status
    content_type  text,                     -- the answer's kind
    location      text,                     -- where what was made is found
    body          text,                     -- the answer
    PRIMARY KEY (key_id, name)
);
CREATE INDEX requests_by_age ON requests (begun_at);

CREATE TABLE secrets (
    name   text PRIMARY KEY,                -- what for
    value  text NOT NULL                    -- hexadecimal
);

CREATE TABLE write_tests (
    id  bigint PRIMARY KEY,                -- always 1
    at  bigint NOT NULL                    -- when writing was last tried
);
