-- One message to one recipient. What it says is sealed, and erased when it can't be sent any more if it holds a code.
CREATE TABLE notification (
    notification_id uuid CONSTRAINT notification_pkey PRIMARY KEY,
    -- Who asked for it (`systems/ticket`), and by which request: the outcome goes back there.
    sender text NOT NULL,
    send_request_id uuid NOT NULL,
    recipient_id text NOT NULL CONSTRAINT notification_recipient_fkey REFERENCES recipient,
    template text NOT NULL,
    template_version int NOT NULL,
    -- What it is about, such as `appeals/{appeal}`; empty for nothing.
    subject text NOT NULL,
    lane text NOT NULL,
    -- Addresses that the matter itself names; they win over the recipient's.
    phone bytea,
    email bytea,
    -- The variables as sealed JSON; null once erased.
    variables bytea,
    holds_code boolean NOT NULL,
    -- Empty means the recipient's.
    language_code text NOT NULL,
    event_time timestamptz NOT NULL,
    expire_time timestamptz NOT NULL,
    state text NOT NULL CONSTRAINT notification_state_check
        CHECK (state IN ('queued', 'sent', 'delivered', 'failed', 'expired', 'dropped')),
    create_time timestamptz NOT NULL,
    update_time timestamptz NOT NULL
);

-- The same event can't be told twice, whatever request id it comes under (N-06).
CREATE UNIQUE INDEX notification_event_key ON notification (sender, recipient_id, subject, template, event_time)
    WHERE subject <> '';

-- ListNotifications, newest first: of a subject, of a recipient, of all.
CREATE INDEX notification_subject_idx ON notification (subject, create_time DESC, notification_id DESC) WHERE subject <> '';
CREATE INDEX notification_recipient_idx ON notification (recipient_id, create_time DESC, notification_id DESC);
CREATE INDEX notification_create_idx ON notification (create_time DESC, notification_id DESC);
