-- The canary clock (`domain::canary`): one row of the same table and index as all that is due, so that its lateness is the lateness of the whole
-- path. Its id is the nil UUID, which no appeal has. The rows that are there satisfied the narrower checks, so nothing is scanned for the wider ones.
ALTER TABLE deadline DROP CONSTRAINT deadline_state_check;
ALTER TABLE deadline ADD CONSTRAINT deadline_state_check CHECK (state IN ('tracked', 'stopped', 'canary')) NOT VALID;
ALTER TABLE deadline DROP CONSTRAINT deadline_stopped_check;
ALTER TABLE deadline ADD CONSTRAINT deadline_stopped_check
    CHECK (state IN ('tracked', 'canary') OR (next_due_time IS NULL AND next_fire_time IS NULL)) NOT VALID;
ALTER TABLE deadline ADD CONSTRAINT deadline_canary_check
    CHECK ((state = 'canary') = (deadline_id = '00000000-0000-0000-0000-000000000000')) NOT VALID;
