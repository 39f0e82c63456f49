-- What providers billed otherwise than was booked. Adjustments outlive their videos, so they refer to
-- none.

CREATE TABLE adjustments (
    seq          INTEGER PRIMARY KEY AUTOINCREMENT, -- order in which they were posted
    transfer_id  TEXT NOT NULL,            -- the charge
    video_id     TEXT NOT NULL,            -- whose; may be deleted since
    provider     TEXT NOT NULL,            -- who billed it
    amount       INTEGER NOT NULL,          -- more than was booked; below zero: less
    at           INTEGER NOT NULL,          -- when it was posted
    source       TEXT NOT NULL,            -- the bill
    CHECK (amount <> 0)
) STRICT;
CREATE INDEX adjustments_of_transfer ON adjustments (transfer_id);
CREATE INDEX adjustments_of_video ON adjustments (video_id);
