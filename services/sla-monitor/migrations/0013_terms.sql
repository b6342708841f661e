-- The clock of the next answer, which begins anew with each wait of the applicant.
ALTER TABLE clock DROP CONSTRAINT clock_kind_check;
ALTER TABLE clock ADD CONSTRAINT clock_kind_check CHECK (kind IN ('first_answer', 'next_answer', 'resolution')) NOT VALID;
ALTER TABLE rebase_entry DROP CONSTRAINT rebase_entry_clock_check;
ALTER TABLE rebase_entry ADD CONSTRAINT rebase_entry_clock_check CHECK (clock IN ('first_answer', 'next_answer', 'resolution')) NOT VALID;

-- The epoch in which the clock began at its start time; and of a rung, in which the clock did that it was armed for.
ALTER TABLE clock ADD COLUMN start_epoch bigint NOT NULL DEFAULT 1;
ALTER TABLE rung ADD COLUMN start_epoch bigint NOT NULL DEFAULT 1;

-- A level that acted never acts again, in whatever epoch, until its clock begins anew.
DROP INDEX rung_acted_key;
CREATE UNIQUE INDEX rung_acted_key ON rung (deadline_id, clock, level, start_epoch) WHERE state = 'acted' AND level > 0;

-- For which reasons the term had been extended; null for none.
ALTER TABLE closing ADD COLUMN extended jsonb;
