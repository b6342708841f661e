-- What was promised for each appeal, as the ticket service last told it. Nothing here is personal: numbers, times and names of things.
CREATE TABLE deadline (
    -- The uid of the appeal.
    deadline_id uuid NOT NULL,
    number text NOT NULL,
    -- Grows with each change of the appeal; a lower or equal one is ignored.
    revision bigint NOT NULL,
    policy text NOT NULL,
    policy_version bigint NOT NULL,
    policy_hash text NOT NULL,
    category text NOT NULL,
    priority text NOT NULL,
    channel text NOT NULL,
    -- The ledger of time that does not count: replaced as a whole with each revision, looked into by nobody but the arithmetic.
    suspensions jsonb NOT NULL,
    state text NOT NULL,
    -- Our arithmetic gives another due time than the promise. The promise stands.
    mismatch boolean NOT NULL,
    -- The earliest due time of a running clock.
    next_due_time timestamptz,
    -- The earliest armed rung of a clock that runs and has no hand-over under way: when the monitor looks at this row. Derived from clocks
    -- and rungs under this row's lock by whoever changes them.
    next_fire_time timestamptz,
    create_time timestamptz NOT NULL,
    update_time timestamptz NOT NULL,
    CONSTRAINT deadline_pkey PRIMARY KEY (deadline_id),
    CONSTRAINT deadline_revision_check CHECK (revision > 0),
    CONSTRAINT deadline_state_check CHECK (state IN ('tracked', 'stopped')),
    CONSTRAINT deadline_stopped_check CHECK (state = 'tracked' OR (next_due_time IS NULL AND next_fire_time IS NULL))
)
-- Each firing updates the row; half-empty pages keep the new version beside the old one.
WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02);

-- The look for what is due. Its beginning is what is due now, whatever the number of open deadlines behind it.
CREATE INDEX deadline_fire_idx ON deadline (next_fire_time) WHERE next_fire_time IS NOT NULL;

-- Lists: the most urgent first, those without a due time (paused, stopped) last.
CREATE INDEX deadline_list_idx ON deadline (state, (COALESCE(next_due_time, 'infinity'::timestamptz)), deadline_id);

CREATE TABLE clock (
    deadline_id uuid NOT NULL,
    kind text NOT NULL,
    state text NOT NULL,
    -- Counts the changes of the due time; owned by the ticket service.
    epoch bigint NOT NULL,
    start_time timestamptz NOT NULL,
    due_time timestamptz,
    -- {"real": "30m"}, {"working": "8h"} or {"working_days": 5}: three different promises, told apart by name.
    allowance jsonb NOT NULL,
    calendar text NOT NULL,
    calendar_version bigint NOT NULL,
    end_time timestamptz,
    CONSTRAINT clock_pkey PRIMARY KEY (deadline_id, kind),
    CONSTRAINT clock_deadline_fkey FOREIGN KEY (deadline_id) REFERENCES deadline (deadline_id) ON DELETE CASCADE,
    CONSTRAINT clock_kind_check CHECK (kind IN ('first_answer', 'resolution')),
    CONSTRAINT clock_state_check CHECK (state IN ('running', 'paused', 'met', 'cancelled')),
    CONSTRAINT clock_running_check CHECK (state <> 'running' OR due_time IS NOT NULL)
);
