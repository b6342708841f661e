WITH due AS MATERIALIZED (
    SELECT call_id FROM shared.outbox
    WHERE destination = 'peer' AND head AND state = 'waiting' AND next_attempt_time <= now()
    ORDER BY next_attempt_time LIMIT 100
    FOR UPDATE SKIP LOCKED
), claimed AS (
    UPDATE shared.outbox SET attempts = attempts + 1, next_attempt_time = now() + interval '30 seconds', lease_token = gen_random_uuid()
    FROM due WHERE outbox.call_id = due.call_id
    RETURNING outbox.call_id, request, note
)
SELECT coalesce(array_agg(call_id), '{}')::text AS ids, sum(length(request)) AS octets FROM claimed \gset
UPDATE shared.outbox SET state = 'done', request = NULL, lease_token = NULL, settle_time = now()
WHERE call_id = ANY(:ids::uuid[]);
