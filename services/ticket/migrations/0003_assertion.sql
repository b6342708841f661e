-- What assertions of identity verification are checked with (T20), so that no call is made while a citizen waits.

-- Kept here and not only in memory: after a restart assertions are checked also while identity verification is down.
CREATE TABLE verification_key (
    key_id      text        NOT NULL,
    algorithm   text        NOT NULL,
    -- The raw Ed25519 public key.
    public_key  bytea       NOT NULL,
    create_time timestamptz NOT NULL,
    CONSTRAINT verification_key_pkey PRIMARY KEY (key_id),
    CONSTRAINT verification_key_algorithm_check CHECK (algorithm = 'EdDSA'),
    CONSTRAINT verification_key_length_check CHECK (octet_length(public_key) = 32)
);

-- An assertion is good for one use. A row is kept until the assertion would have expired anyway.
CREATE TABLE used_assertion (
    jti         text        NOT NULL,
    appeal_id   uuid        NOT NULL,
    use_time    timestamptz NOT NULL,
    expire_time timestamptz NOT NULL,
    CONSTRAINT used_assertion_pkey PRIMARY KEY (jti)
);

-- The purge.
CREATE INDEX used_assertion_expire_idx ON used_assertion (expire_time);
