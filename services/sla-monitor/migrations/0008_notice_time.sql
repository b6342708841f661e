-- When it was known what became of a repeat notice. One that reached nobody raises the next level from then on; what was known before this column
-- was there has no time, and raises nothing.
ALTER TABLE rung ADD COLUMN notice_time timestamptz;
