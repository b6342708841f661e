-- The steps of the ladders. A row is inserted when its rung is armed; from armed it moves on once, and a row that has moved on is never
-- deleted. So the primary key is the promise that each (clock, epoch, level) fires at most once, whoever tries.
CREATE TABLE rung (
    deadline_id uuid NOT NULL,
    clock text NOT NULL,
    epoch bigint NOT NULL,
    -- 0 is the warning, 1 the breach, 2 and up follow.
    level smallint NOT NULL,
    state text NOT NULL,
    -- Null while its clock is paused.
    fire_time timestamptz,
    -- When it fired.
    act_time timestamptz,
    -- The expected time that its level promises.
    promise_time timestamptz,
    -- Why it was suppressed or superseded.
    reason text,
    -- What became of the repeat notice.
    notice text,
    -- The request id of the SendNotification, by which its outcome is told.
    notice_request_id uuid,
    CONSTRAINT rung_pkey PRIMARY KEY (deadline_id, clock, epoch, level),
    CONSTRAINT rung_clock_fkey FOREIGN KEY (deadline_id, clock) REFERENCES clock (deadline_id, kind) ON DELETE CASCADE,
    CONSTRAINT rung_level_check CHECK (level BETWEEN 0 AND 9),
    CONSTRAINT rung_state_check CHECK (state IN ('armed', 'fired', 'acted', 'suppressed', 'superseded')),
    CONSTRAINT rung_fired_check CHECK (state NOT IN ('fired', 'acted', 'suppressed') OR act_time IS NOT NULL)
);

-- One hand-over of a clock is under way at a time.
CREATE UNIQUE INDEX rung_fired_key ON rung (deadline_id, clock) WHERE state = 'fired';

-- A level that acted never acts again, in whatever epoch.
CREATE UNIQUE INDEX rung_acted_key ON rung (deadline_id, clock, level) WHERE state = 'acted';

-- The way back from a notice to its rung.
CREATE UNIQUE INDEX rung_notice_key ON rung (notice_request_id) WHERE notice_request_id IS NOT NULL;
