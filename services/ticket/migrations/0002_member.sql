-- The people who work on appeals (T9).
CREATE TABLE member (
    -- The last part of `staff/{member}`: an id of the sign-in service, no name of a person.
    member_id      text        NOT NULL,
    -- Sealed.
    display_name   bytea       NOT NULL,
    -- Sealed; null for a member who is told nothing.
    email          bytea,
    -- 1 operator, 2 specialist, 3 senior specialist, 4 supervisor.
    level          smallint    NOT NULL,
    queue_groups   text[]      NOT NULL,
    language_codes text[]      NOT NULL,
    on_duty        boolean     NOT NULL,
    -- Grows with each change: the revision of the member's record in notification.
    revision       bigint      NOT NULL,
    create_time    timestamptz NOT NULL,
    update_time    timestamptz NOT NULL,
    CONSTRAINT member_pkey PRIMARY KEY (member_id),
    CONSTRAINT member_level_check CHECK (level BETWEEN 1 AND 4),
    CONSTRAINT member_groups_check CHECK (cardinality(queue_groups) > 0),
    CONSTRAINT member_languages_check CHECK (cardinality(language_codes) > 0)
);

-- Who may be handed an escalation: those on duty at a level.
CREATE INDEX member_duty_idx ON member (level) WHERE on_duty;
