-- The clock of another body's answer with all its terms; null where none was ever asked, or none is promised.
ALTER TABLE appeal ADD COLUMN other_body jsonb;
