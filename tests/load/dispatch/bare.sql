WITH due AS MATERIALIZED (
    SELECT delivery_id FROM notification.delivery
    WHERE lane = 'normal' AND state IN ('queued', 'sending') AND next_attempt_time <= now()
    ORDER BY next_attempt_time LIMIT 100
    FOR UPDATE SKIP LOCKED
), leased AS (
    UPDATE notification.delivery SET state = 'sending', attempts = attempts + 1, lease_token = gen_random_uuid(),
        next_attempt_time = now() + interval '90 seconds'
    FROM due WHERE delivery.delivery_id = due.delivery_id
    RETURNING delivery.delivery_id
)
SELECT coalesce(array_agg(delivery_id), '{}')::text AS ids FROM leased \gset
UPDATE notification.delivery SET state = 'accepted', provider = 'smpp', accept_time = now(), lease_token = NULL
WHERE delivery_id = ANY(:ids::uuid[]);
