-- The price book as it was imported. A row never changes its price: charges name it.

CREATE TABLE prices (
    provider       text COLLATE "C" NOT NULL, -- who is paid: a backend's name, or local
    model          text COLLATE "C" NOT NULL, -- the model or machine class
    meter          text COLLATE "C" NOT NULL, -- what is counted
    valid_from     bigint NOT NULL,         -- from when it holds
    valid_to       bigint,                  -- until when; NULL: until further notice
    price          text NOT NULL,           -- of one unit, exact decimal
    currency       text NOT NULL,           -- ISO code of its currency
    deprecated_at  bigint,                  -- when the provider stops offering it
    imputed        boolean NOT NULL,        -- our own machine's share, not cash
    source         text NOT NULL,           -- where the figure is from
    imported_at    bigint NOT NULL,         -- when it was imported
    PRIMARY KEY (provider, model, meter, valid_from)
);

CREATE TABLE rates (
    currency       text COLLATE "C" NOT NULL, -- ISO code
    valid_from     bigint NOT NULL,         -- from when it holds
    rate           text NOT NULL,           -- US dollars for one unit, exact decimal
    source         text NOT NULL,           -- where the figure is from
    imported_at    bigint NOT NULL,         -- when it was imported
    PRIMARY KEY (currency, valid_from)
);
