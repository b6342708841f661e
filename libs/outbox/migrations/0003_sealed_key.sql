-- Ids of the keys that sealed values of this schema. A service whose key ring lacks one of them does not start; an empty table
-- means an empty schema, the only one a new ring may be made for.
CREATE TABLE sealed_key (
    key_id      bigint      NOT NULL,
    create_time timestamptz NOT NULL,
    CONSTRAINT sealed_key_pkey PRIMARY KEY (key_id),
    CONSTRAINT sealed_key_id_check CHECK (key_id BETWEEN 0 AND 4294967295)
);
