-- How promises were kept (L9). Nothing here is personal: names of kinds, times and counts.

-- The group whose queue the appeal is in; null when it was never told.
ALTER TABLE deadline ADD COLUMN queue_group text;

-- What is counted for a clock that is over, as it was counted: when it runs again, exactly that is taken back.
ALTER TABLE clock ADD COLUMN closing jsonb;

-- What is to be counted, or taken back: written by whoever takes a promise over, deleted by whoever counts it, in one transaction each. So it
-- is as long as the fold is late, and counted once whatever dies.
CREATE TABLE closing (
    closing_id bigint GENERATED ALWAYS AS IDENTITY,
    record_time timestamptz NOT NULL,
    taken_back boolean NOT NULL,
    -- The hour of UTC in which the clock ended.
    hour_time timestamptz NOT NULL,
    clock text NOT NULL,
    policy text NOT NULL,
    category text NOT NULL,
    priority text NOT NULL,
    channel text NOT NULL,
    queue_group text NOT NULL,
    outcome text NOT NULL,
    -- Counted time from the start to the end, and from the due time to the end.
    used_seconds bigint NOT NULL,
    late_seconds bigint NOT NULL,
    CONSTRAINT closing_pkey PRIMARY KEY (closing_id),
    CONSTRAINT closing_outcome_check CHECK (outcome IN ('kept', 'late', 'cancelled', 'cancelled_late', 'unmeasured'))
)
-- All rows come and go.
WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

-- What figures are told apart by. A few hundred rows; none is ever deleted.
CREATE TABLE cell (
    cell_id bigint GENERATED ALWAYS AS IDENTITY,
    clock text NOT NULL,
    policy text NOT NULL,
    category text NOT NULL,
    priority text NOT NULL,
    channel text NOT NULL,
    -- Empty for none.
    queue_group text NOT NULL,
    CONSTRAINT cell_pkey PRIMARY KEY (cell_id),
    CONSTRAINT cell_key UNIQUE (clock, category, channel, queue_group, policy, priority)
);

-- The figures: of each hour of UTC and cell, how many closings of each measure there were in each bucket of the histogram
-- (src/domain/histogram.rs; its bounds never change), and their seconds in all. Only buckets that are not empty have rows.
CREATE TABLE rollup (
    hour_time timestamptz NOT NULL,
    cell_id bigint NOT NULL,
    measure text NOT NULL,
    bucket smallint NOT NULL,
    -- Below zero for the moment where a taking back was counted before what it takes back.
    count bigint NOT NULL,
    seconds bigint NOT NULL,
    CONSTRAINT rollup_pkey PRIMARY KEY (hour_time, cell_id, measure, bucket),
    CONSTRAINT rollup_cell_fkey FOREIGN KEY (cell_id) REFERENCES cell (cell_id)
)
-- The rows of the hour are updated by each fold.
WITH (fillfactor = 80);
