-- Tasks: the big table. l = 0 modulo 50 is checked and never done, 5 modulo 10 is open, everything else is done.
INSERT INTO dispatch_task (id, checked, file_id, template_id, done_at, text, plan_id, instruction_id, actor_id, jaw, order_id)
SELECT id,
  cls = 'k10' OR l % 50 = 0 OR l % 10 <> 5,
  CASE WHEN cls = 'k9' THEN gen.file_gap(d) WHEN cls = 'k11' THEN gen.file_z12(d) WHEN x % 5 = 0 THEN gen.file_z8(x) END,
  CASE WHEN cls = 'k6' THEN gen.template_gap(d) ELSE gen.template(x) END,
  CASE WHEN cls = 'k10' THEN timestamptz 'infinity' WHEN l % 50 <> 0 AND l % 10 <> 5 THEN gen.task_at(ordinal) END,
  CASE WHEN x % 6 = 0 THEN gen.words('task', k, 'text', 6) END,
  CASE WHEN cls = 'k7' THEN gen.plan_gap(d) WHEN cls = 'k8' THEN gen.plan_l2(d) WHEN x % 3 = 0 THEN gen.plan_with_order(x) END,
  CASE cls WHEN 'plain' THEN gen.instruction(x) WHEN 'k1' THEN NULL WHEN 'k2' THEN gen.instruction_gap(d) WHEN 'k3' THEN gen.bad_instruction(d)
    WHEN 'k4' THEN gen.instruction_o5(d) ELSE gen.instruction(x) END,
  CASE WHEN cls = 'k5' THEN gen.usr_gap(d) WHEN x % 7 = 6 THEN NULL WHEN x % 4 = 3 THEN gen.doc(x) ELSE gen.tech(x) END,
  x % 4, NULL
FROM gen.rows('task') ORDER BY id;
