-- The `traceparent` of the call that set the present due times: what fires later is linked to it. Null when nothing was traced.
ALTER TABLE deadline ADD COLUMN trace_context text;
