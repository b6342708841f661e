-- That whoever got an appeal by escalation has seen it, as the ticket service last told it. Both or neither.
ALTER TABLE deadline ADD COLUMN acknowledged_level smallint;
ALTER TABLE deadline ADD COLUMN acknowledge_time timestamptz;

-- When the ticket service's OK came: the time to acknowledge begins then. NULL for what acted before this column was there; then it is counted
-- from when the rung fired.
ALTER TABLE rung ADD COLUMN accept_time timestamptz;
