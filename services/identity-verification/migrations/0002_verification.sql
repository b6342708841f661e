-- Attempts of citizens to show who they are. The code is nowhere: it is computed from verification_id and generation.
CREATE TABLE verification (
    verification_id uuid CONSTRAINT verification_pkey PRIMARY KEY,
    citizen_id uuid NOT NULL CONSTRAINT verification_citizen_fkey REFERENCES citizen,
    method text NOT NULL CONSTRAINT verification_method_check CHECK (method IN ('sms_code', 'email_code')),
    appeal_id uuid NOT NULL,
    action text NOT NULL,
    -- 'expired' is not stored: it is 'pending' past code_expire_time.
    state text NOT NULL CONSTRAINT verification_state_check CHECK (state IN ('pending', 'confirmed', 'failed')),
    -- Which code of this verification is the living one; a new code is the next generation, and the older dies.
    generation int NOT NULL,
    -- Wrong and right tries of the living code, counted before it is compared.
    attempts int NOT NULL,
    code_expire_time timestamptz NOT NULL,
    send_time timestamptz NOT NULL,
    create_time timestamptz NOT NULL,
    confirm_time timestamptz,
    use_until_time timestamptz
);

-- The level a citizen has reached: the newest confirmed verification.
CREATE INDEX verification_confirmed_idx ON verification (citizen_id, confirm_time DESC) WHERE state = 'confirmed';

-- When codes went to an address, for the limits per number (I-01). The address is a blind index.
CREATE TABLE code_send (
    address_index bytea NOT NULL,
    send_time timestamptz NOT NULL,
    verification_id uuid NOT NULL CONSTRAINT code_send_verification_fkey REFERENCES verification,
    CONSTRAINT code_send_pkey PRIMARY KEY (address_index, send_time, verification_id)
);

-- What became of the notices this service asked for; only ever appended to.
CREATE TABLE notice_outcome (
    notification text NOT NULL,
    state text NOT NULL,
    template text NOT NULL,
    reason text NOT NULL,
    outcome_time timestamptz NOT NULL,
    CONSTRAINT notice_outcome_pkey PRIMARY KEY (notification, state)
);
