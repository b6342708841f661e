-- The published sets of policies and calendars. A row is written once and never changed: what was promised under it must be told the same
-- way for as long as anybody asks. A set is a few dozen kilobytes and is published some times a year, so rows stay.
CREATE TABLE policy_set (
    version bigint NOT NULL,
    -- SHA-256 of the document, lower-case hex. Promises name their set by it.
    content_hash text NOT NULL,
    -- The whole set as TOML.
    document text NOT NULL,
    -- New promises are made under it from then on.
    effective_time timestamptz NOT NULL,
    create_time timestamptz NOT NULL,
    -- Who published it, by name.
    author text NOT NULL,
    -- Why, in their words.
    note text NOT NULL,
    -- What it changed, against the set before it, value by value.
    changes jsonb NOT NULL,
    CONSTRAINT policy_set_pkey PRIMARY KEY (version),
    CONSTRAINT policy_set_content_hash_key UNIQUE (content_hash),
    CONSTRAINT policy_set_version_check CHECK (version > 0),
    CONSTRAINT policy_set_hash_check CHECK (content_hash = encode(sha256(convert_to(document, 'UTF8')), 'hex'))
);
