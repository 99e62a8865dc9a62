-- Jaws (an instruction points to them, see 25_orders.sql), order states, brackets.
INSERT INTO dispatch_jaw (id, bond_teeth, extract_teeth, reason, product_id, labial)
SELECT id, CASE WHEN cls = 'j4' THEN '0101' ELSE gen.rnd('jaw', k, 'bond', 65536)::int::bit(16)::text END,
  (gen.rnd('jaw', k, 'extract', 65536) & gen.rnd('jaw', k, 'mask', 65536))::int::bit(16)::text,
  CASE WHEN cls = 'j6' THEN 7 WHEN x % 4 = 0 THEN 1 + x / 4 % 3 END,
  CASE WHEN cls = 'j5' THEN gen.product_gap(d) WHEN x % 9 <> 8 THEN gen.product(x % 10) END, k % 6 = 0
FROM gen.rows('jaw') ORDER BY id;

INSERT INTO dispatch_state (id, instruction_id, status, "on", changed_at, actor_id)
SELECT id, CASE cls WHEN 's1' THEN gen.instruction_gap(d) WHEN 's2' THEN gen.bad_instruction(d) WHEN 's3' THEN gen.instruction(d) WHEN 's4' THEN gen.instruction(d) ELSE gen.instruction(l) END,
  CASE WHEN cls = 's4' THEN 99 WHEN x % 100 < 55 THEN 11 ELSE 12 END, x % 3 <> 0, CASE WHEN cls <> 's3' THEN gen.state_at(ordinal) END,
  CASE WHEN cls = 's5' THEN gen.usr_gap(d) ELSE gen.tech(x) END
FROM gen.rows('state') ORDER BY id;

INSERT INTO dispatch_bracket (id, name, project_id, type)
SELECT id, CASE WHEN cls = 'b3' THEN CASE d % 3 WHEN 1 THEN '' WHEN 2 THEN '   ' END ELSE 'Bracket ' || gen.name('bracket', k, 'name', 2) END,
  CASE cls WHEN 'b1' THEN gen.project_gap(d) WHEN 'b2' THEN gen.project_r1(d) ELSE gen.project(x) END, nullif(d % 4, 0)
FROM gen.rows('bracket') ORDER BY id;
