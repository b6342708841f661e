-- The clock of another body's answer.
ALTER TABLE clock DROP CONSTRAINT clock_kind_check;
ALTER TABLE clock ADD CONSTRAINT clock_kind_check
    CHECK (kind IN ('acceptance', 'first_answer', 'next_answer', 'other_body', 'resolution')) NOT VALID;
ALTER TABLE rebase_entry DROP CONSTRAINT rebase_entry_clock_check;
ALTER TABLE rebase_entry ADD CONSTRAINT rebase_entry_clock_check
    CHECK (clock IN ('acceptance', 'first_answer', 'next_answer', 'other_body', 'resolution')) NOT VALID;
