-- Charts. x drives the values: the loaded index, or 7 + d where the row is not loaded.
INSERT INTO dispatch_patient (id, user_id, doctor_id, office_id, birthdate, sex, status, archived, suspended, suffix, schemes, submitted_at, updated_at)
SELECT p.id,
  CASE cls WHEN 'p1' THEN gen.usr_gap(d) WHEN 'p2' THEN gen.usr_a8(d) WHEN 'p4' THEN gen.usr_a8(gen.n_p2() + d)
    WHEN 'p3' THEN gen.usr_a8(gen.first_patient_user() + 250 + d) ELSE gen.usr_a8(gen.first_patient_user() + l) END,
  CASE cls WHEN 'p4' THEN gen.usr_a2(d) WHEN 'p5' THEN NULL WHEN 'p6' THEN gen.usr_gap(5 + d)
    WHEN 'p7' THEN (SELECT user_id FROM gen.duplicate  -- groups 1 to 4: member 3 three times, member 1 once; groups 5, 6: member 2 twice, member 4 twice
                    WHERE g = 1 + p.d / 4 AND m = CASE WHEN p.d < 16 THEN CASE WHEN p.d % 4 < 3 THEN 3 ELSE 1 END ELSE CASE WHEN p.d % 4 < 2 THEN 2 ELSE 4 END END)
    WHEN 'p8' THEN gen.usr_a5(d) ELSE gen.doc(CASE WHEN held THEN d ELSE l END) END,
  CASE WHEN cls = 'p9' THEN gen.office_gap(d) WHEN cls = 'p10' THEN gen.office_f1(d) WHEN cls = 'plain' AND l % 28 = 27 THEN NULL
       ELSE gen.office(CASE WHEN held THEN d ELSE l END) END,
  CASE WHEN cls = 'p13' THEN CASE WHEN d < 4 THEN date '0001-01-01' ELSE date '0044-03-15 BC' END
       WHEN x % 50 < 49 THEN date '1950-01-01' + gen.rnd('patient', k, 'birth', 25000)::int END,
  CASE WHEN cls = 'p14' THEN 7 WHEN x % 97 = 96 THEN NULL WHEN x % 10 < 5 THEN 2 WHEN x % 10 < 9 THEN 1 ELSE 0 END,
  CASE WHEN x % 60 <> 59 THEN 1 + x % 11 END,
  CASE WHEN x % 100 < 15 THEN true WHEN x % 100 < 99 THEN false END,
  x % 100 IN (15, 16),
  CASE WHEN cls = 'p2' THEN 'SUFFIX-' || lpad(d::text, 5, '0') ELSE gen.suffix(x) END,
  CASE WHEN cls = 'p12' THEN gen.broken_json(d)
       ELSE '{"upper": "' || gen.words('patient', k, 'upper', 2) || '", "lower": "' || gen.words('patient', k, 'lower', 2) || '"'
            || CASE WHEN k % 4 = 0 THEN ', "steps": ["' || gen.words('patient', k, 'steps', 20) || '"]' ELSE '' END || '}' END,
  gen.patient_at(ordinal), gen.patient_at(ordinal) + interval '9 days'
FROM (SELECT r.cls, r.k, r.d, r.l, r.ordinal, r.id, h.held, CASE WHEN h.held THEN 7 + r.d ELSE r.l END AS x
      FROM gen.rows('patient') r, LATERAL (SELECT r.cls IN ('p1', 'p2', 'p3', 'p4')) h(held)) p
ORDER BY p.id;
ANALYZE dispatch_patient;
