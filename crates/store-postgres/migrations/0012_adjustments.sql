-- What providers billed otherwise than was booked. Adjustments outlive their videos, so they refer to
-- none.

CREATE TABLE adjustments (
    seq          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, -- order in which they were posted
    transfer_id  uuid NOT NULL,            -- the charge
    video_id     uuid NOT NULL,            -- whose; may be deleted since
    provider     text NOT NULL,            -- who billed it
    amount       bigint NOT NULL,          -- more than was booked; below zero: less
    at           bigint NOT NULL,          -- when it was posted
    source       text NOT NULL,            -- the bill
    CHECK (amount <> 0)
);
CREATE INDEX adjustments_of_transfer ON adjustments (transfer_id);
CREATE INDEX adjustments_of_video ON adjustments (video_id);
