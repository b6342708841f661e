-- Who can be told something. Addresses are sealed.
CREATE TABLE recipient (
    -- The part of the name behind `recipients/`.
    recipient_id text CONSTRAINT recipient_pkey PRIMARY KEY,
    -- The service that wrote it first; nobody else may change it.
    owner text NOT NULL,
    phone bytea,
    email bytea,
    language_code text NOT NULL,
    time_zone text NOT NULL,
    -- The owner's; a lower or equal one is ignored, so calls may arrive in any order.
    revision bigint NOT NULL,
    update_time timestamptz NOT NULL
);
