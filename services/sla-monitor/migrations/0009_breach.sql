-- What happened to promises (S-20), for those who watch them all. Only ever added to, and purged at its old end.
CREATE TABLE breach (
    -- The transaction that wrote it. Numbers are drawn when a row is written, and seen when it is committed, so a later number may be seen before
    -- an earlier one. Nobody is told of an entry before every transaction up to its own has ended: then none can come in before it.
    xact bigint NOT NULL DEFAULT (pg_current_xact_id()::text::bigint),
    entry_id bigint GENERATED ALWAYS AS IDENTITY,
    record_time timestamptz NOT NULL,
    event text NOT NULL,
    -- Not a reference: what was said stands.
    deadline_id uuid NOT NULL,
    number text NOT NULL,
    clock text NOT NULL,
    epoch bigint NOT NULL,
    level smallint NOT NULL,
    policy text NOT NULL,
    category text NOT NULL,
    priority text NOT NULL,
    channel text NOT NULL,
    queue_group text,
    due_time timestamptz,
    event_time timestamptz NOT NULL,
    promise_time timestamptz,
    holder text,
    reason text,
    CONSTRAINT breach_pkey PRIMARY KEY (xact, entry_id),
    CONSTRAINT breach_event_check
        CHECK (event IN ('warned', 'breached', 'raised', 'accepted', 'refused', 'met_late', 'cancelled_late', 'reopened'))
);
