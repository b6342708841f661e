-- The clock of the next answer with all its terms; null where the applicant never waited for one, or none is promised.
ALTER TABLE appeal ADD COLUMN next_answer jsonb;

-- The epoch in which the resolution's clock began at its start time: a later one than the first where it began anew when the appeal was opened
-- again.
ALTER TABLE appeal ADD COLUMN resolution_start_epoch bigint NOT NULL DEFAULT 1;

-- When the applicant is reminded that it is their turn, and when a pause ends by itself, if nobody ended it by then; null for never. The look at
-- it is at the earlier of these, or later where that could not be done.
ALTER TABLE suspension ADD COLUMN remind_time timestamptz;
ALTER TABLE suspension ADD COLUMN resume_time timestamptz;
ALTER TABLE suspension ADD COLUMN look_time timestamptz;
CREATE INDEX suspension_look_idx ON suspension (look_time) WHERE end_time IS NULL AND look_time IS NOT NULL;
