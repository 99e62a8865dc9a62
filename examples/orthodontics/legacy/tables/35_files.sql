-- Files: of an instruction (z8), of a record (z9, z10), of nothing (z11); uids that are no uuid (z0) or used twice (z12).
INSERT INTO dispatch_file (id, uid, name, ext, size, type, status, instruction_id, record_id, product_id, parameters, created_at)
SELECT f.id,
  CASE WHEN cls = 'z0' THEN 'bad-uid-' || d WHEN cls = 'z12' THEN gen.uid('file', z8.first + d)::text ELSE gen.uid('file', k)::text END,
  CASE WHEN d % 25 = 24 THEN NULL WHEN d % 100 = 6 THEN concat('img_', d, '_full', ext) ELSE concat('file ', d, ext) END,
  ext, CASE WHEN d % 2700 = 13 THEN -1 ELSE gen.rnd('file', k, 'size', 20000000) END, 1 + d % 17, d % 3,
  CASE cls WHEN 'z8' THEN gen.instruction(d) WHEN 'z0' THEN CASE WHEN d < 2 THEN gen.instruction(d) END WHEN 'z1' THEN gen.instruction_gap(d)
    WHEN 'z2' THEN gen.instruction_o1(d) WHEN 'z3' THEN gen.instruction_o2(d) WHEN 'z6' THEN gen.instruction(20 + d) WHEN 'z7' THEN gen.instruction(40 + d)
    WHEN 'z12' THEN gen.instruction(CASE WHEN d < 9 THEN d ELSE d + 7 END) END,
  CASE cls WHEN 'z9' THEN gen.record(d % gen.messages()) WHEN 'z10' THEN gen.record(gen.messages() + d % gen.team_records())
    WHEN 'z4' THEN gen.record_gap(d) WHEN 'z5' THEN gen.record_m1(d) END,
  CASE WHEN cls = 'z7' THEN gen.product_gap(d) WHEN d % 4 = 1 THEN gen.product(d % 10) END,
  CASE WHEN cls = 'z6' THEN gen.broken_json(d) WHEN d % 3 = 0 THEN '{"scale": ' || d % 10 || ', "unit": "mm", "layer": ' || d % 500 || '}' END,
  gen.file_at(ordinal)
FROM (SELECT r.*, ('{.stl,.stl,.stl,.stl,.stl,.stl,.jpg,.jpg,.jpg,.jpg,.jpg,.png,.png,.pdf,.zip,.zip,.dcm,.ply,.irk}'::text[])[1 + r.d % 20] AS ext
      FROM gen.rows('file') r) f, (SELECT first FROM gen.class WHERE short = 'file' AND cls = 'z8') z8
ORDER BY f.id;
