-- The price book as it was imported. A row never changes its price: charges name it.

CREATE TABLE prices (
    provider       TEXT NOT NULL,           -- who is paid: a backend's name, or local
    model          TEXT NOT NULL,           -- the model or machine class
    meter          TEXT NOT NULL,           -- what is counted
    valid_from     INTEGER NOT NULL,        -- from when it holds
    valid_to       INTEGER,                 -- until when; NULL: until further notice
    price          TEXT NOT NULL,           -- of one unit, exact decimal
    currency       TEXT NOT NULL,           -- ISO code of its currency
    deprecated_at  INTEGER,                 -- when the provider stops offering it
    imputed        INTEGER NOT NULL,        -- 1: our own machine's share, not cash
    source         TEXT NOT NULL,           -- where the figure is from
    imported_at    INTEGER NOT NULL,        -- when it was imported
    PRIMARY KEY (provider, model, meter, valid_from)
) STRICT, WITHOUT ROWID;

CREATE TABLE rates (
    currency       TEXT NOT NULL,           -- ISO code
    valid_from     INTEGER NOT NULL,        -- from when it holds
    rate           TEXT NOT NULL,           -- US dollars for one unit, exact decimal
    source         TEXT NOT NULL,           -- where the figure is from
    imported_at    INTEGER NOT NULL,        -- when it was imported
    PRIMARY KEY (currency, valid_from)
) STRICT, WITHOUT ROWID;
