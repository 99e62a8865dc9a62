-- Notifications: the one table that can be made much bigger than all others (--set large, --notifications full).
INSERT INTO dispatch_notification (id, created_at, sender, template_name, template_context, read, sent, send, recipient_id, item_type_id, item_id)
SELECT id, gen.notification_at(ordinal), 'noreply' || x % 3, 'tpl_' || x % 40,
  CASE cls WHEN 'nt1' THEN gen.broken_json(0) WHEN 'nt2' THEN CASE WHEN d % 2 = 0 THEN '' END WHEN 'nt3' THEN CASE WHEN d % 2 = 0 THEN '{"a":"\ud800"}' ELSE gen.broken_json(7) END
    WHEN 'nt4' THEN repeat('{"self":', 50)
    ELSE '{"patient": "' || gen.md5('notification', k, 'patient') || '", "url": "/instructions/' || x || '/", "date": "2024-05-' || lpad((1 + x % 28)::text, 2, '0')
      || '", "key": "' || gen.md5('notification', k, 'key') || '", "count": ' || x % 9 || '}' END,
  k % 3 > 0, cls <> 'nt5', true,
  CASE WHEN cls = 'nt6' THEN gen.usr_gap(d) WHEN x % 20 <> 19 THEN gen.usr_a8(x) END,
  CASE x % 4 WHEN 0 THEN t.instruction WHEN 1 THEN t.patient WHEN 3 THEN t.task END,
  CASE x % 4 WHEN 0 THEN gen.instruction(x) WHEN 1 THEN gen.patient(x) WHEN 3 THEN gen.task(x) END
FROM (SELECT * FROM gen.rows('notification') ORDER BY id OFFSET 0) r,  -- sorted before the texts are made: the rows are narrow still
  (SELECT gen.content_type('dispatch.instruction') AS instruction, gen.content_type('dispatch.patient') AS patient, gen.content_type('dispatch.task') AS task) t;
