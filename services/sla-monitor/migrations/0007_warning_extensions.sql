-- How many extensions the term had that a warning nears the end of. A warning that acted acts again only for an end that was moved by one more; of
-- those that acted before this column was there none is known, so each may act once more.
ALTER TABLE rung ADD COLUMN extensions smallint NOT NULL DEFAULT 0;
