-- Some calls stop making sense on their own, such as the message with a code: past this time they are not sent any more, and their
-- request is erased wherever the row stands.
ALTER TABLE outbox ADD COLUMN expire_time timestamptz;

-- Those to be erased. An empty request is one that was.
CREATE INDEX outbox_expire_idx ON outbox (expire_time)
    WHERE expire_time IS NOT NULL AND state IN ('waiting', 'dead') AND request <> '';
