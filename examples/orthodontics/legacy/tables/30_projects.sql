-- Projects, and the treatment plans that share them.
INSERT INTO dispatch_project (id, uid, created_at, name, size, public, type, status, creator_id)
SELECT id, CASE WHEN cls = 'r1' THEN 'not-a-uuid-' || d ELSE gen.uid('project', k)::text END, gen.project_at(ordinal),
  'Project ' || gen.name('project', k, 'name', 4) || ' ' || k, CASE WHEN k % 20 > 0 THEN gen.rnd('project', k, 'size', 50000000) END, k % 9 = 0,
  CASE WHEN cls = 'r3' THEN 5 + 2 * (d % 2) WHEN x % 100 < 52 THEN 3 WHEN x % 100 < 72 THEN 0 WHEN x % 100 < 88 THEN 10 ELSE 11 END,
  CASE WHEN x % 5000 = 4999 THEN 2 ELSE 0 END,
  CASE WHEN cls = 'r2' THEN gen.usr_gap(d) WHEN x % 40 < 39 THEN gen.tech(x) END
FROM gen.rows('project') ORDER BY id;

INSERT INTO dispatch_plan (id, instruction_id, project_id, notes, number, name, original)
SELECT id, CASE cls WHEN 'l1' THEN gen.instruction(d) WHEN 'l2' THEN gen.instruction(d) WHEN 'l3' THEN gen.instruction_gap(d) WHEN 'l4' THEN gen.bad_instruction(d) ELSE gen.instruction(l) END,
  CASE cls WHEN 'l1' THEN gen.project_gap(d) WHEN 'l2' THEN gen.project_r1(d) ELSE gen.project(l % gen.used_projects()) END,
  CASE WHEN k % 3 = 0 THEN gen.words('plan', k, 'notes', 9) END, 1 + x % 4,
  CASE WHEN cls = 'l5' THEN rpad('Plan ' || k || ' ', 140, 'setup review ') WHEN x % 90 = 89 THEN '' ELSE 'Plan ' || k END, x % 4 = 0
FROM gen.rows('plan') ORDER BY id;
