-- A notification on one channel: the unit of retry (N-12).
CREATE TABLE delivery (
    delivery_id uuid CONSTRAINT delivery_pkey PRIMARY KEY,
    notification_id uuid NOT NULL CONSTRAINT delivery_notification_fkey REFERENCES notification,
    channel text NOT NULL CONSTRAINT delivery_channel_check CHECK (channel IN ('sms', 'email')),
    lane text NOT NULL CONSTRAINT delivery_lane_check CHECK (lane IN ('code', 'emergency', 'normal', 'bulk')),
    state text NOT NULL CONSTRAINT delivery_state_check
        CHECK (state IN ('queued', 'sending', 'accepted', 'delivered', 'failed', 'expired', 'skipped', 'dropped')),
    provider text NOT NULL DEFAULT '',
    attempts int NOT NULL DEFAULT 0,
    -- When to look at it next: the next attempt, or while it is being sent the end of the lease. So a worker that died needs
    -- nobody to clean up after it.
    next_attempt_time timestamptz NOT NULL,
    lease_token uuid,
    -- Parts that the provider has taken so far, in order.
    handed text[] NOT NULL DEFAULT '{}',
    -- An attempt ended without an answer: the message may have arrived twice.
    possibly_doubled boolean NOT NULL DEFAULT false,
    reason text NOT NULL DEFAULT '',
    masked_address text NOT NULL DEFAULT '',
    -- What was sent, sealed; only for the console provider.
    shown_text bytea,
    accept_time timestamptz,
    receipt_time timestamptz,
    CONSTRAINT delivery_channel_key UNIQUE (notification_id, channel)
);

-- What is due, a lane at a time. Only what can still be sent is in it, so it is as small as the work.
CREATE INDEX delivery_due_idx ON delivery (lane, next_attempt_time) WHERE state IN ('queued', 'sending');

-- A part of a delivery as a provider knows it; receipts name it.
CREATE TABLE delivery_part (
    provider text NOT NULL,
    reference text NOT NULL,
    delivery_id uuid NOT NULL CONSTRAINT delivery_part_delivery_fkey REFERENCES delivery,
    part int NOT NULL,
    -- A `PartState` as JSON.
    state jsonb NOT NULL,
    CONSTRAINT delivery_part_pkey PRIMARY KEY (provider, reference)
);
CREATE INDEX delivery_part_delivery_idx ON delivery_part (delivery_id, part);

-- Receipts for references that nobody has recorded yet: a receipt can beat our own commit (N-04). Matched when the
-- reference is recorded, forgotten after three days.
CREATE TABLE parked_receipt (
    provider text NOT NULL,
    reference text NOT NULL,
    arrival bigint GENERATED ALWAYS AS IDENTITY,
    state jsonb NOT NULL,
    receive_time timestamptz NOT NULL,
    CONSTRAINT parked_receipt_pkey PRIMARY KEY (provider, reference, arrival)
);
CREATE INDEX parked_receipt_time_idx ON parked_receipt (receive_time);
