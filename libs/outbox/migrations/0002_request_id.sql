-- The inbox: which requests were applied, and what they were answered (AIP-155).
CREATE TABLE request_id (
    -- Who asked: another caller's id is another request.
    caller      text        NOT NULL,
    method      text        NOT NULL,
    request_id  uuid        NOT NULL,
    -- Keyed HMAC over the content, with the key's id: the same id with other content is a mistake of the caller.
    fingerprint bytea       NOT NULL,
    -- Sealed answer of the first time. Null only inside the transaction that is making it.
    response    bytea,
    create_time timestamptz NOT NULL,
    CONSTRAINT request_id_pkey PRIMARY KEY (caller, method, request_id)
);

-- The purge.
CREATE INDEX request_id_create_time_idx ON request_id (create_time);
