WITH due AS MATERIALIZED (
    SELECT deadline_id FROM sla.deadline WHERE next_fire_time <= '{now}'
    ORDER BY next_fire_time LIMIT {batch}
    FOR UPDATE SKIP LOCKED
), rescheduled AS (
    UPDATE sla.deadline SET next_fire_time = NULL, update_time = '{now}' FROM due WHERE deadline.deadline_id = due.deadline_id
), fired AS (
    UPDATE sla.rung SET state = CASE level WHEN 0 THEN 'superseded' ELSE 'fired' END, act_time = '{now}',
        promise_time = CASE level WHEN 1 THEN promise_time END, reason = CASE level WHEN 0 THEN 'HIGHER_LEVEL_DUE' END
    FROM due
    WHERE rung.deadline_id = due.deadline_id AND rung.clock = 'resolution' AND rung.epoch = 1 AND rung.level <= 1
        AND rung.state = 'armed'
    RETURNING rung.deadline_id, level
), keyed AS (
    INSERT INTO sla.outbox_key (destination, ordering_key, last_seq, finished_seq)
    SELECT 'ticket', 'appeals/' || deadline_id, 2, 0 FROM due
)
INSERT INTO sla.outbox (call_id, destination, ordering_key, seq, head, state, method, request, note, create_time, attempts,
    next_attempt_time)
SELECT gen_random_uuid(), 'ticket', 'appeals/' || deadline_id, level + 1, level = 0, 'waiting',
    '/otklik.ticket.v1.TicketService/EscalateAppeal', decode(repeat('5a', 180), 'hex'),
    jsonb_build_object('deadline', deadline_id, 'clock', 'resolution', 'epoch', 1, 'level', level), '{now}', 0, '{now}'
FROM fired;
