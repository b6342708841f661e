-- Where the applicant lives, as an ISO 3166-2 code, and the IANA zone in which they read times; null where the ticket service never told it.
-- A replica of before it drops both: roll this service to its end before the ticket service, or a call that one of them applied and whose answer
-- was lost is another one to the next.
ALTER TABLE deadline ADD COLUMN region text;
ALTER TABLE deadline ADD COLUMN time_zone text;

-- The clock of the acceptance.
ALTER TABLE clock DROP CONSTRAINT clock_kind_check;
ALTER TABLE clock ADD CONSTRAINT clock_kind_check
    CHECK (kind IN ('acceptance', 'first_answer', 'next_answer', 'resolution')) NOT VALID;
ALTER TABLE rebase_entry DROP CONSTRAINT rebase_entry_clock_check;
ALTER TABLE rebase_entry ADD CONSTRAINT rebase_entry_clock_check
    CHECK (clock IN ('acceptance', 'first_answer', 'next_answer', 'resolution')) NOT VALID;

-- Warnings before the last one count down from it.
ALTER TABLE rung DROP CONSTRAINT rung_level_check;
ALTER TABLE rung ADD CONSTRAINT rung_level_check CHECK (level BETWEEN -9 AND 9) NOT VALID;
