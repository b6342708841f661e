-- What has fired leaves a dead entry at the beginning of deadline_fire_idx, which every look walks over until vacuum takes it out. Two of
-- Postgres's economies keep it there the longer, the more is open: autovacuum waits for a share of the table, and vacuum spares the indexes
-- when less than 2 % of the pages have dead rows. With 10 million open an idle look read 67 blocks in place of 4. So neither holds here: a look
-- walks over what the last 50,000 changes left, some 200 pages of the index, whatever is open.
ALTER TABLE deadline SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 50000, vacuum_index_cleanup = on);
