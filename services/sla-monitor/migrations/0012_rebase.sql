-- Re-bases: a set of policies applied to what was promised before it.
CREATE TABLE rebase (
    rebase_id uuid NOT NULL,
    policy_version bigint NOT NULL,
    policy_hash text NOT NULL,
    state text NOT NULL,
    -- Most deadlines that are asked for in a second.
    per_second integer NOT NULL,
    note text NOT NULL,
    author text NOT NULL,
    create_time timestamptz NOT NULL,
    end_time timestamptz,
    -- The last deadline that was looked at, and when to go on. Moves on in the transaction that enqueues what follows from a page, so each
    -- deadline is asked for once, whoever dies.
    position uuid NOT NULL,
    next_time timestamptz NOT NULL,
    -- The pass under way: when it began, and how many deadlines it looked at and asked for.
    pass_time timestamptz NOT NULL,
    looked bigint NOT NULL,
    pass_asked bigint NOT NULL,
    -- Of all passes.
    asked bigint NOT NULL,
    CONSTRAINT rebase_pkey PRIMARY KEY (rebase_id),
    CONSTRAINT rebase_state_check CHECK (state IN ('running', 'complete', 'stopped')),
    CONSTRAINT rebase_end_check CHECK ((state = 'running') = (end_time IS NULL)),
    CONSTRAINT rebase_per_second_check CHECK (per_second > 0)
);

-- One at a time.
CREATE UNIQUE INDEX rebase_running_idx ON rebase (state) WHERE state = 'running';

-- What it did, clock by clock: before and after.
CREATE TABLE rebase_entry (
    rebase_id uuid NOT NULL,
    deadline_id uuid NOT NULL,
    clock text NOT NULL,
    -- NULL while paused.
    old_due_time timestamptz,
    due_time timestamptz,
    outcome text NOT NULL,
    reason text,
    ask_time timestamptz NOT NULL,
    settle_time timestamptz,
    CONSTRAINT rebase_entry_pkey PRIMARY KEY (rebase_id, deadline_id, clock),
    CONSTRAINT rebase_entry_rebase_fkey FOREIGN KEY (rebase_id) REFERENCES rebase (rebase_id) ON DELETE CASCADE,
    CONSTRAINT rebase_entry_clock_check CHECK (clock IN ('first_answer', 'resolution')),
    CONSTRAINT rebase_entry_outcome_check CHECK (outcome IN ('pending', 'rebased', 'unchanged', 'refused'))
);

-- What is not answered for: no more is asked for while there is too much of it.
CREATE INDEX rebase_entry_pending_idx ON rebase_entry (rebase_id) WHERE outcome = 'pending';

-- Its way through the open deadlines, past the millions that are over.
CREATE INDEX deadline_tracked_idx ON deadline (deadline_id) WHERE state = 'tracked';
