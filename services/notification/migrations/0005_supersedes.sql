-- The kinds of message about the same subject that this one makes untrue, if their event is not newer: worked out from the template's
-- manifest when it came, since what it says is sealed and erased.
ALTER TABLE notification ADD COLUMN supersedes text[] NOT NULL DEFAULT '{}';
