-- Records (messages, and team communications where a group is set), comments of plans, notes about doctors.
INSERT INTO dispatch_record (id, type, target_type_id, target_id, author_id, group_id, public, text, created_at)
SELECT r.id,
  CASE WHEN cls = 'm5' THEN 99 WHEN team THEN CASE WHEN x % 10 = 0 THEN 3 WHEN x % 10 < 5 THEN 5 WHEN x % 10 < 8 THEN 6 ELSE 8 END
       WHEN x % 10 < 2 THEN 3 WHEN x % 10 = 2 THEN 4 WHEN x % 10 < 7 THEN 5 WHEN x % 10 = 7 THEN 6 ELSE 8 END,
  CASE WHEN cls = 'm1' THEN CASE WHEN d < 12 THEN t.globalsetting ELSE t.ware END
       WHEN cls = 'm2' THEN CASE WHEN d < 8 THEN t.patient WHEN d < 12 THEN t.usr ELSE t.instruction END
       WHEN cls = 'm3' THEN 9999 WHEN cls = 'm4' THEN NULL WHEN cls = 'm9' THEN t.usr
       WHEN held AND NOT team OR cls = 'tc3' THEN t.patient
       WHEN team THEN CASE WHEN x % 10 < 7 THEN t.patient END
       WHEN x % 20 < 16 THEN t.patient WHEN x % 20 < 19 THEN t.usr ELSE t.instruction END,
  CASE WHEN cls = 'm2' THEN CASE WHEN d < 8 THEN gen.patient_gap(d) WHEN d < 12 THEN gen.usr_gap(d) ELSE gen.instruction_gap(d) END
       WHEN cls = 'm4' AND d % 2 = 1 THEN NULL WHEN cls = 'm6' THEN gen.patient_p1(d) WHEN cls = 'm9' THEN loser.user_id WHEN cls = 'tc3' THEN gen.patient_gap(d)
       WHEN held AND NOT team THEN gen.patient(d)
       WHEN team THEN CASE WHEN x % 10 < 7 THEN gen.patient(x) END
       WHEN x % 20 < 16 THEN gen.patient(x) WHEN x % 20 < 19 THEN gen.doc(x) ELSE gen.instruction(x) END,
  CASE WHEN cls = 'm7' THEN gen.usr_gap(d) WHEN cls = 'tc1' THEN NULL WHEN cls = 'tc2' THEN gen.usr_gap(d) WHEN team THEN gen.tech(x)
       WHEN cls = 'm1' AND d < 5 THEN gen.doc(d) WHEN held THEN gen.tech(k)
       WHEN feedback THEN gen.doc(l) WHEN l % 120 = 0 THEN NULL WHEN l % 4 = 3 THEN gen.doc(l) WHEN l % 4 = 2 THEN gen.usr_a8(gen.first_patient_user() + l % s.patients) ELSE gen.tech(k) END,
  CASE WHEN team THEN gen.grp(x) END, CASE WHEN k % 11 <> 0 THEN k % 3 = 0 END,
  CASE WHEN cls = 'm1' AND d < 5 THEN gen.keyword(d) || ' today'
       WHEN held OR team OR cls = 'm7' THEN gen.words('record', k, 'text', 20 + (k % 30)::int)
       WHEN feedback THEN gen.keyword(l) || ' ' || gen.words('record', k, 'text', 30)
       WHEN l IN (82, 83, 84) THEN gen.nasty(3) WHEN l = 85 OR l % 1200 = 13 THEN gen.nasty(2) WHEN l = 86 OR l % 1200 IN (20, 21) THEN gen.nasty(4)
       WHEN l = 87 OR l % 1200 IN (25, 26) THEN gen.nasty(5) WHEN l % 300 = 11 THEN gen.nasty(1) WHEN l % 10 = 3 THEN gen.japanese()
       ELSE gen.words('record', k, 'text', 5 + (k % 50)::int) END,
  gen.record_at(ordinal)
FROM (SELECT q.cls, q.k, q.d, q.l, q.ordinal, q.id, q.l < 0 AS held, q.cls LIKE 'tc%' AS team, q.l >= 100 AND q.l < 100 + gen.size('14000s50') AND q.cls = 'mplain' AS feedback,
        CASE WHEN q.l < 0 THEN q.d WHEN q.cls LIKE 'tc%' THEN q.l - gen.messages() ELSE q.l END AS x
      FROM gen.rows('record') q) r
CROSS JOIN (SELECT loaded AS patients FROM gen.shape WHERE short = 'patient') s
CROSS JOIN (SELECT gen.content_type('dispatch.patient') AS patient, gen.content_type('auth.user') AS usr, gen.content_type('dispatch.instruction') AS instruction,
              gen.content_type('dispatch.globalsetting') AS globalsetting, gen.content_type('dispatch.ware') AS ware) t
LEFT JOIN (SELECT row_number() OVER (ORDER BY member) - 1 AS i, user_id FROM gen.duplicate WHERE NOT survivor) loser ON r.cls = 'm9' AND loser.i = r.d
ORDER BY r.id;

INSERT INTO dispatch_comment (id, plan_id, author_id, text, created_at)
SELECT id,
  CASE cls WHEN 'c1a' THEN gen.plan_with_order(nc + d) WHEN 'c1b' THEN gen.plan_with_order(nc + gen.n_c1a() + d) WHEN 'c2' THEN gen.plan_gap(d) WHEN 'c3' THEN gen.plan_l2(d)
    WHEN 'c4' THEN gen.plan_with_order(nc + k) WHEN 'c5' THEN gen.plan_l3(d) WHEN 'c6' THEN gen.plan_with_order(nc + d) WHEN 'c7' THEN gen.plan_with_order(d)
    ELSE gen.plan_with_order(d % nc) END,
  CASE WHEN cls = 'c7' THEN gen.usr_gap(d) WHEN cls <> 'plain' THEN gen.tech(k)
       WHEN d % 180 = 9 THEN NULL WHEN d % 10 < 5 THEN gen.doc(d) WHEN d % 10 < 9 THEN gen.tech(d) ELSE gen.usr_a8(gen.first_patient_user() + d % patients) END,
  CASE WHEN cls = 'c1a' THEN NULL WHEN cls = 'c1b' THEN CASE WHEN d < 20 THEN '' WHEN d % 2 = 0 THEN '   ' ELSE E'\n\t' END
       WHEN cls <> 'plain' THEN gen.words('comment', k, 'text', 8)
       WHEN d % 10 < 5 AND 5 * (d / 10) + d % 10 < gen.size('7595s30') THEN gen.keyword(d) || ' ' || gen.words('comment', k, 'text', 12)
       WHEN d % 300 = 17 THEN gen.nasty(1) WHEN d % 10 = 8 THEN gen.japanese() ELSE gen.words('comment', k, 'text', 10 + (k % 20)::int) END,
  CASE cls WHEN 'c4' THEN timestamptz 'infinity' WHEN 'c6' THEN timestamptz '2025-11-01 00:00:00+00' + interval '1 minute' * d ELSE gen.comment_at(ordinal) END
FROM gen.rows('comment') r, (SELECT gen.size('13337s100') AS nc, loaded AS patients FROM gen.shape WHERE short = 'patient') s
ORDER BY id;

INSERT INTO dispatch_note (id, doctor_id, author_id, text, created_at)
SELECT id, CASE WHEN cls = 'n1' THEN gen.usr_gap(d) ELSE gen.doc(d) END, gen.tech(d % 21),
  CASE WHEN d % 5 = 0 THEN gen.japanese() ELSE gen.words('note', k, 'text', 40) END, gen.note_at(ordinal)
FROM gen.rows('note') ORDER BY id;
