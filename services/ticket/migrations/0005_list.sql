-- Lists by state and by due time: without these a page of a few open appeals is found by walking the archive, newest first.

-- Of each state wanted, the newest.
CREATE INDEX appeal_state_idx ON appeal (state, create_time DESC, appeal_id DESC);

-- What is due before an instant. Only running clocks are due, so it is as long as the backlog and not as the archive.
CREATE INDEX appeal_due_idx ON appeal (resolution_due_time) WHERE resolution_due_time IS NOT NULL;
