-- The canary clock (`domain::canary`): one row of the same table and index as all that is due, so that its lateness is the lateness of the whole
-- path. Its id is the nil UUID, which no appeal has. The rows that are there satisfied the narrower checks, so nothing is scanned for the wider ones.
ALTER TABLE deadline DROP CONSTRAINT deadline_state_check;
ALTER TABLE deadline ADD CONSTRAINT deadline_state_check CHECK (state IN ('tracked', 'stopped', 'canary')) NOT VALID;
ALTER TABLE deadline DROP CONSTRAINT deadline_stopped_check;
ALTER TABLE deadline ADD CONSTRAINT deadline_stopped_check
    CHECK (state IN ('tracked', 'canary') OR (next_due_time IS NULL AND next_fire_time IS NULL)) NOT VALID;
ALTER TABLE deadline ADD CONSTRAINT deadline_canary_check
    CHECK ((state = 'canary') = (deadline_id = '00000000-0000-0000-0000-000000000000')) NOT VALID;

-- Where the reconciler is (`reconcile`): one row that all replicas share, so that they make one pass an hour together and a restart goes on.
CREATE TABLE reconciliation (
    single boolean NOT NULL DEFAULT true,
    -- Counts the passes: the one under way or, at rest, the last one.
    pass bigint NOT NULL,
    phase text NOT NULL,
    -- The last that was looked at in this phase: a deadline's id, or the ticket service's page token. Empty at its beginning.
    position text NOT NULL,
    -- When the next page, or at rest the next pass, may begin.
    next_time timestamptz NOT NULL,
    -- Who looks at a page has it until then, and records it by the token.
    lease_time timestamptz,
    lease_token uuid,
    begin_time timestamptz,
    -- Found so far in the pass under way, by kind.
    counts jsonb NOT NULL,
    -- The last pass that came to its end.
    whole_pass bigint NOT NULL,
    whole_time timestamptz,
    whole_counts jsonb NOT NULL,
    CONSTRAINT reconciliation_pkey PRIMARY KEY (single),
    CONSTRAINT reconciliation_single_check CHECK (single),
    CONSTRAINT reconciliation_phase_check CHECK (phase IN ('rest', 'deadlines', 'appeals', 'sweep')),
    CONSTRAINT reconciliation_lease_check CHECK ((lease_time IS NULL) = (lease_token IS NULL))
);
INSERT INTO reconciliation (pass, phase, position, next_time, counts, whole_pass, whole_counts)
    VALUES (0, 'rest', '', to_timestamp(0), '{}', 0, '{}');

-- What does not fit together, as the reconciler found it. A row that the next pass does not find again goes. No reference to `deadline`: some
-- are missing there.
CREATE TABLE drift (
    kind text NOT NULL,
    deadline_id uuid NOT NULL,
    -- The pass that found it last.
    pass bigint NOT NULL,
    first_find_time timestamptz NOT NULL,
    find_time timestamptz NOT NULL,
    CONSTRAINT drift_pkey PRIMARY KEY (kind, deadline_id)
);

-- What the sweep after a pass takes away.
CREATE INDEX drift_pass_idx ON drift (pass);
