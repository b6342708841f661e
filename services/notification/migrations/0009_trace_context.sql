-- The `traceparent` of the call that asked for it: attempts and outcomes go on with that trace. Null when nothing was traced.
ALTER TABLE notification ADD COLUMN trace_context text;
