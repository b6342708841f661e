-- What a clock's term was extended by (L4), as one array; null for the many that nobody extended.
ALTER TABLE clock ADD COLUMN extensions jsonb CONSTRAINT clock_extensions_check CHECK (jsonb_typeof(extensions) = 'array');

-- A level that acted never acts again, in whatever epoch. A warning does where its time is another one: a term that was extended nears its
-- end twice.
DROP INDEX rung_acted_key;
CREATE UNIQUE INDEX rung_acted_key ON rung (deadline_id, clock, level) WHERE state = 'acted' AND level > 0;
