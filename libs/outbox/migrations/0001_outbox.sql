-- Calls on other services, written in the transaction that causes them and delivered by the relay.
-- How rows move is told in the module documentation of libs/outbox.

-- One row per (destination, key) that has calls: the counter that numbers them, and how far they are finished.
-- Both who adds a call and who finishes one lock this row, so neither can miss the other.
CREATE TABLE outbox_key (
    destination  text   NOT NULL,
    ordering_key text   NOT NULL,
    last_seq     bigint NOT NULL,
    finished_seq bigint NOT NULL,
    CONSTRAINT outbox_key_pkey PRIMARY KEY (destination, ordering_key),
    CONSTRAINT outbox_key_finished_check CHECK (finished_seq BETWEEN 0 AND last_seq)
)
-- Every call updates its key's row twice; room in the page keeps those updates out of the index.
WITH (fillfactor = 70);

CREATE TABLE outbox (
    call_id           uuid        NOT NULL,
    destination       text        NOT NULL,
    ordering_key      text        NOT NULL,
    -- Position within the key, from 1 without gaps.
    seq               bigint      NOT NULL,
    -- Whether all before it in its key are finished.
    head              boolean     NOT NULL,
    state             text        NOT NULL,
    method            text        NOT NULL,
    -- Sealed; erased once settled, and from dead rows once they are too old to be requeued.
    request           bytea,
    -- What the caller wants back at settlement; holds no personal data.
    note              jsonb       NOT NULL,
    -- W3C traceparent of the request that caused the call.
    trace_context     text,
    create_time       timestamptz NOT NULL,
    attempts          integer     NOT NULL,
    -- When it is due. While a relay holds the lease: when the lease runs out.
    next_attempt_time timestamptz NOT NULL,
    -- Whoever claimed it last and has not recorded yet; a record under another token changes nothing.
    lease_token       uuid,
    last_error        text,
    settle_time       timestamptz,
    CONSTRAINT outbox_pkey PRIMARY KEY (call_id),
    CONSTRAINT outbox_seq_key UNIQUE (destination, ordering_key, seq),
    CONSTRAINT outbox_state_check CHECK (state IN ('waiting', 'done', 'refused', 'dead', 'dropped')),
    CONSTRAINT outbox_request_check CHECK (
        CASE state WHEN 'waiting' THEN request IS NOT NULL WHEN 'dead' THEN true ELSE request IS NULL END),
    CONSTRAINT outbox_settle_check CHECK ((state = 'waiting') = (settle_time IS NULL))
)
-- A queue's rows die young: vacuum after some thousand of them, not after a fifth of the table, or the look for due rows wades
-- through dead index entries.
WITH (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 2000);

-- The look for due calls. Only heads are in it, so 10,000 calls of one key weigh as much as one; and it starts with the destination,
-- so a million waiting for one that is down are in nobody else's way.
CREATE INDEX outbox_due_idx ON outbox (destination, next_attempt_time) WHERE head AND state = 'waiting';

-- The age of the oldest waiting call, and those too old to be delivered.
CREATE INDEX outbox_waiting_idx ON outbox (destination, create_time) WHERE state = 'waiting';

-- Dead calls, for the operator's list and the gauge.
CREATE INDEX outbox_dead_idx ON outbox (create_time, call_id) WHERE state = 'dead';

-- Settled calls, for the purge.
CREATE INDEX outbox_settled_idx ON outbox (settle_time) WHERE state IN ('done', 'refused', 'dropped');
