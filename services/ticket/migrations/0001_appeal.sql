-- Appeals, what was done to them, and what was said. Columns of type bytea are sealed (libs/sealed): the dump of this schema
-- shows no name, phone, address or text of anybody.

-- One row per appeal. Both clocks live in the row and not in a table of their own: a command needs them all, under one lock, and
-- filing writes them in one statement.
CREATE TABLE appeal (
    appeal_id          uuid        NOT NULL,
    -- The number people say and type (T2), without separators.
    number             text        NOT NULL,
    state              text        NOT NULL,
    channel            text        NOT NULL,
    category           text        NOT NULL,
    kind               text        NOT NULL,
    -- 1 emergency .. 5 low: a number, so that the queue's index sorts by urgency (T8).
    priority           smallint    NOT NULL,
    -- The group whose queue it belongs to, copied from the catalogue: a later edit there moves no appeal.
    queue_group        text        NOT NULL,
    -- The level a person must be confirmed at before it can be resolved (T20).
    required_assurance text        NOT NULL,
    -- The level that was shown for this appeal and that no resolution has used up; null for none.
    confirmed          text,
    -- The citizen's uid; null for the form without login. An id means nothing without identity verification's table.
    citizen_id         uuid,
    -- Subject of whoever filed it; a system sees the anonymous appeals that it filed.
    filed_by           text        NOT NULL,
    language_code      text        NOT NULL,
    time_zone          text        NOT NULL,
    consent_version    text        NOT NULL,
    consent_time       timestamptz NOT NULL,

    -- Sealed.
    subject            bytea       NOT NULL,
    description        bytea       NOT NULL,
    applicant          bytea       NOT NULL,
    contact_phone      bytea       NOT NULL,
    contact_email      bytea       NOT NULL,

    -- What the promise rests on: pinned at filing, so a later policy changes nothing that was promised.
    policy             text        NOT NULL,
    policy_version     integer     NOT NULL,
    policy_hash        text        NOT NULL,

    -- First answer. The due time is null unless the clock runs; `level` is the highest level its escalations reached.
    first_state            text        NOT NULL,
    first_epoch            bigint      NOT NULL,
    first_start_time       timestamptz NOT NULL,
    first_due_time         timestamptz,
    first_allowance        jsonb       NOT NULL,
    first_calendar         text        NOT NULL,
    first_calendar_version integer     NOT NULL,
    first_end_time         timestamptz,
    first_level            smallint    NOT NULL,

    -- Resolution, likewise.
    resolution_state            text        NOT NULL,
    resolution_epoch            bigint      NOT NULL,
    resolution_start_time       timestamptz NOT NULL,
    resolution_due_time         timestamptz,
    resolution_allowance        jsonb       NOT NULL,
    resolution_calendar         text        NOT NULL,
    resolution_calendar_version integer     NOT NULL,
    resolution_end_time         timestamptz,
    resolution_level            smallint    NOT NULL,

    expected_time      timestamptz,
    create_time        timestamptz NOT NULL,
    update_time        timestamptz NOT NULL,
    resolve_time       timestamptz,
    escalation_level   smallint    NOT NULL,
    acknowledge_time   timestamptz,
    -- The member who has it; null while it is in a queue.
    assignee           text,
    -- The least level of staff that may take it from the queue: 1 operator .. 4 supervisor.
    queue_level        smallint    NOT NULL,

    -- Number of the message with the answer, once resolved.
    answer_message_no  bigint,

    -- Number of the last event that moved a clock: the revision that the SLA monitor compares.
    revision           bigint      NOT NULL,
    -- Number of the last event that is more than a note of what others did: the etag.
    version            bigint      NOT NULL,
    -- Numbers given so far; they are given under the row's lock, so they have no gaps.
    last_event_no      bigint      NOT NULL,
    last_message_no    bigint      NOT NULL,
    last_suspension_no integer     NOT NULL,

    CONSTRAINT appeal_pkey PRIMARY KEY (appeal_id),
    CONSTRAINT appeal_number_key UNIQUE (number),
    CONSTRAINT appeal_state_check CHECK (state IN ('registered', 'assigned', 'in_progress', 'awaiting_applicant',
        'awaiting_verification', 'awaiting_other_body', 'resolved', 'closed', 'rejected', 'withdrawn', 'merged')),
    CONSTRAINT appeal_priority_check CHECK (priority BETWEEN 1 AND 5),
    CONSTRAINT appeal_assurance_check CHECK (required_assurance IN ('none', 'simplified', 'standard', 'confirmed')
        AND confirmed IN ('none', 'simplified', 'standard', 'confirmed')),
    CONSTRAINT appeal_first_state_check CHECK (first_state IN ('running', 'paused', 'met', 'cancelled')),
    CONSTRAINT appeal_first_due_check CHECK ((first_state = 'running') = (first_due_time IS NOT NULL)),
    CONSTRAINT appeal_first_end_check CHECK ((first_state IN ('met', 'cancelled')) = (first_end_time IS NOT NULL)),
    CONSTRAINT appeal_resolution_state_check CHECK (resolution_state IN ('running', 'paused', 'met', 'cancelled')),
    CONSTRAINT appeal_resolution_due_check CHECK ((resolution_state = 'running') = (resolution_due_time IS NOT NULL)),
    CONSTRAINT appeal_resolution_end_check CHECK (
        (resolution_state IN ('met', 'cancelled')) = (resolution_end_time IS NOT NULL)),
    CONSTRAINT appeal_revision_check CHECK (1 <= revision AND revision <= version AND version <= last_event_no)
)
-- An appeal is written some ten times in its life; room in the page keeps writes that touch no index out of the indexes.
WITH (fillfactor = 80);

-- The queue, as ClaimNextAppeal reads it: the head of each of the member's groups. Taken appeals are not in it, so it is as long as
-- the backlog and not as the archive.
CREATE INDEX appeal_queue_idx ON appeal (queue_group, priority, resolution_due_time, create_time, appeal_id)
    WHERE assignee IS NULL AND state IN ('registered', 'assigned', 'in_progress', 'awaiting_other_body');

-- Pages of lists, newest first: all, and one citizen's.
CREATE INDEX appeal_create_time_idx ON appeal (create_time DESC, appeal_id DESC);
CREATE INDEX appeal_citizen_idx ON appeal (citizen_id, create_time DESC, appeal_id DESC) WHERE citizen_id IS NOT NULL;

-- One member's list. Appeals just filed are not in it, so filing does not pay for it.
CREATE INDEX appeal_assignee_idx ON appeal (assignee, create_time DESC, appeal_id DESC) WHERE assignee IS NOT NULL;

-- A member's load: their open appeals, counted when somebody must be chosen. A count over this index reads as many entries as a
-- member has appeals; a stored counter would be a row that every command of the member's waits for.
CREATE INDEX appeal_load_idx ON appeal (assignee) WHERE assignee IS NOT NULL AND state IN ('registered', 'assigned', 'in_progress',
    'awaiting_applicant', 'awaiting_verification', 'awaiting_other_body');

-- Stretches of time that do not count (L8). They belong to the appeal and survive a change of policy. A row is written when the
-- stretch begins and written once more when it ends.
CREATE TABLE suspension (
    appeal_id     uuid        NOT NULL,
    suspension_no integer     NOT NULL,
    start_time    timestamptz NOT NULL,
    -- Null while it lasts.
    end_time      timestamptz,
    reason        text        NOT NULL,
    actor         text        NOT NULL,
    CONSTRAINT suspension_pkey PRIMARY KEY (appeal_id, suspension_no),
    CONSTRAINT suspension_appeal_fkey FOREIGN KEY (appeal_id) REFERENCES appeal,
    CONSTRAINT suspension_reason_check CHECK (reason IN ('awaiting_applicant', 'awaiting_verification', 'awaiting_other_body',
        'resolved')),
    CONSTRAINT suspension_order_check CHECK (end_time >= start_time)
);

-- Two pauses at once would count the same time twice.
CREATE UNIQUE INDEX suspension_open_key ON suspension (appeal_id) WHERE end_time IS NULL;

-- The journal (T22).
CREATE TABLE appeal_event (
    appeal_id  uuid        NOT NULL,
    -- From 1 without gaps.
    event_no   bigint      NOT NULL,
    type       text        NOT NULL,
    event_time timestamptz NOT NULL,
    -- `citizens/..`, `staff/..` or `systems/..`.
    actor      text        NOT NULL,
    -- The appeal's state that followed.
    state      text        NOT NULL,
    -- What the type needs: ids, times, levels, codes. Nothing that a person wrote, so it is not sealed and can be searched.
    data       jsonb       NOT NULL,
    CONSTRAINT appeal_event_pkey PRIMARY KEY (appeal_id, event_no),
    CONSTRAINT appeal_event_appeal_fkey FOREIGN KEY (appeal_id) REFERENCES appeal,
    CONSTRAINT appeal_event_no_check CHECK (event_no >= 1)
);

-- Nobody edits the journal: not the service's role, not an administrator in a hurry. Taking the trigger away is a migration, which
-- is itself on record. A grant would not do: it binds neither owner nor superuser.
CREATE FUNCTION appeal_event_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the journal is append-only' USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'appeal_event_append_only';
END
$$;
CREATE TRIGGER appeal_event_append_only BEFORE UPDATE OR DELETE ON appeal_event
    FOR EACH ROW EXECUTE FUNCTION appeal_event_refuse();
CREATE TRIGGER appeal_event_no_truncate BEFORE TRUNCATE ON appeal_event
    FOR EACH STATEMENT EXECUTE FUNCTION appeal_event_refuse();

-- The conversation (T10).
CREATE TABLE message (
    appeal_id   uuid        NOT NULL,
    -- From 1 without gaps, notes included.
    message_no  bigint      NOT NULL,
    author      text        NOT NULL,
    -- Id of the member who wrote it; null for others.
    member_id   text,
    visibility  text        NOT NULL,
    channel     text        NOT NULL,
    -- Sealed.
    body        bytea       NOT NULL,
    create_time timestamptz NOT NULL,
    CONSTRAINT message_pkey PRIMARY KEY (appeal_id, message_no),
    CONSTRAINT message_appeal_fkey FOREIGN KEY (appeal_id) REFERENCES appeal,
    CONSTRAINT message_author_check CHECK (author IN ('applicant', 'staff', 'system')),
    CONSTRAINT message_visibility_check CHECK (visibility IN ('public', 'internal')),
    CONSTRAINT message_member_check CHECK ((author = 'staff') = (member_id IS NOT NULL))
);
