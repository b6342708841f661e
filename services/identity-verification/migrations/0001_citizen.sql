-- People with an account at the portal. Every personal column is sealed; the look-up by SNILS works on a keyed hash.
CREATE TABLE citizen (
    citizen_id uuid CONSTRAINT citizen_pkey PRIMARY KEY,
    full_name bytea NOT NULL,
    phone bytea,
    email bytea,
    snils bytea,
    -- Blind index of the SNILS: one person, one record.
    snils_index bytea CONSTRAINT citizen_snils_key UNIQUE,
    inn bytea,
    birth_date bytea,
    language_code text NOT NULL,
    time_zone text NOT NULL,
    -- Grows with each change; travels with UpsertRecipient so that an older state never overwrites a newer one.
    revision bigint NOT NULL,
    create_time timestamptz NOT NULL,
    update_time timestamptz NOT NULL,
    CONSTRAINT citizen_contact_check CHECK (phone IS NOT NULL OR email IS NOT NULL)
);
