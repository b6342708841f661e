-- Extensions of the resolution's term (L4), as one array: what governs, and the last one whatever became of it. Null for the many appeals
-- that nobody ever extended, so that filing writes no byte of it.
ALTER TABLE appeal ADD COLUMN extensions jsonb CONSTRAINT appeal_extensions_check CHECK (jsonb_typeof(extensions) = 'array');
