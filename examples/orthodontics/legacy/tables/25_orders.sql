-- Instructions: the business orders. x drives the values: the loaded index, or 1 where the row is not loaded.
-- upper_jaw_id and lower_jaw_id are the jaws' only link, so the jaws' defects (j2, j3, j4) are planted here.
INSERT INTO dispatch_instruction (id, patient_id, course_id, status, suffix, notes, complaint, price, submitted_at, updated_at, deleted, exports, model, scanner,
  scanner_notes, objective, conditions, cbct, comprehensive, accept_extraction, "order", upper_jaw_id, lower_jaw_id)
SELECT i.id,
  CASE cls WHEN 'o1' THEN gen.patient_gap(d) WHEN 'o2' THEN CASE WHEN d < 2 THEN gen.patient_p1(d) ELSE gen.patient_p2(0) END WHEN 'o3' THEN gen.patient(5 + d)
    WHEN 'o4' THEN gen.patient(7) WHEN 'o5' THEN gen.patient_p4(d) ELSE gen.patient(l) END,
  CASE WHEN cls = 'o9' THEN 5 WHEN x % 400 = 398 THEN NULL WHEN x % 400 = 399 THEN 8
       ELSE CASE WHEN x % 20 < 12 THEN 1 WHEN x % 20 < 16 THEN 2 WHEN x % 20 < 18 THEN 3 WHEN x % 20 = 18 THEN 4 ELSE 7 END END,
  CASE WHEN cls = 'o3' THEN 9 WHEN x % 25 < 2 THEN 0 WHEN x % 25 < 5 THEN 1 WHEN x % 25 < 10 THEN 2 ELSE 4 END,
  CASE WHEN x % 50 = 49 THEN ''
       ELSE CASE cls WHEN 'o1' THEN '' WHEN 'o2' THEN CASE WHEN d < 2 THEN gen.suffix(7 + d) ELSE 'SUFFIX-00000' END WHEN 'o3' THEN gen.suffix(5 + d) WHEN 'o4' THEN gen.suffix(7)
              WHEN 'o5' THEN gen.suffix(7 + d) ELSE gen.suffix(x % patients) END || '-' || 1 + x / patients END,
  CASE WHEN k % 4 = 0 THEN gen.words('instruction', k, 'notes', 18) END, CASE WHEN k % 6 = 0 THEN gen.words('instruction', k, 'complaint', 5) END,
  CASE WHEN cls = 'o4' THEN 1000000000000000000000000000000000000000 WHEN cls = 'o6' THEN 'NaN'
       WHEN x % 30 = 29 THEN NULL WHEN x % 6 > 0 THEN 0.00 ELSE ((10000 + 7919 * x % 190000) * 0.01)::numeric(12, 2) END,
  CASE WHEN cls = 'o7' THEN CASE WHEN d < 2 THEN timestamptz 'infinity' ELSE timestamptz '-infinity' END WHEN x % 77 < 76 THEN gen.instruction_at(ordinal) END,
  gen.instruction_at(ordinal) + interval '3 days', x % 56 = 55,
  CASE WHEN cls = 'o8' THEN gen.broken_json(d) WHEN k % 3 > 0 THEN '{"format": "stl", "parts": ' || k % 40 || '}' END,
  CASE WHEN k % 5 > 0 THEN k % 5 END, CASE WHEN k % 7 > 0 THEN k % 7 END, CASE WHEN k % 9 = 0 THEN gen.words('instruction', k, 'scanner', 4) ELSE '' END,
  gen.words('instruction', k, 'objective', 6), CASE WHEN k % 5 = 0 THEN gen.words('instruction', k, 'conditions', 3) ELSE '' END,
  k % 8 = 0, CASE WHEN k % 3 < 2 THEN k % 3 = 0 END, CASE WHEN k % 4 < 3 THEN k % 4 = 0 END, (x / patients)::int,
  CASE WHEN l < 0 THEN CASE WHEN 2 * k < gen.n_j2() THEN gen.jaw_j2(2 * k) END
       WHEN l < gen.upper_jaws() THEN gen.jaw(l)
       WHEN orders - 1 - l < 2 * gen.n_j3() THEN gen.jaw_j3((orders - 1 - l) / 2)
       WHEN orders - 1 - l < 2 * gen.n_j3() + gen.n_j4() THEN gen.jaw_j4(orders - 1 - 2 * gen.n_j3() - l) END,
  CASE WHEN l < 0 THEN CASE WHEN 2 * k + 1 < gen.n_j2() THEN gen.jaw_j2(2 * k + 1) END
       WHEN l < jaws - gen.upper_jaws() THEN gen.jaw(gen.upper_jaws() + l) END
FROM (SELECT r.cls, r.k, r.d, r.l, r.ordinal, r.id, CASE WHEN r.l < 0 THEN 1 ELSE r.l END AS x, o.loaded AS orders, p.loaded AS patients, j.loaded AS jaws
      FROM gen.rows('instruction') r, gen.shape o, gen.shape p, gen.shape j
      WHERE o.short = 'instruction' AND p.short = 'patient' AND j.short = 'jaw') i
ORDER BY i.id;
ANALYZE dispatch_instruction;
