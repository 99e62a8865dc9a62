-- The generator's vocabulary, in a schema `gen` that generate drops when it is done.
-- psql variables: scale, seed, notifications, defects (name and count of each defect, from legacy/defects).
--
-- A class is a set of rows that are made the same way; a table is the sum of its classes. Rows of a table are numbered
-- k = 0, 1, 2 … in class order. A class's ordinals come from k: spread over the whole id range (layout P: k*q mod m, q a prime
-- that does not divide m), in a block (layout B: k + 1), or after everything else (a tail class of layout P).
-- Every eleventh id is missing, and a missing id is what every dangling reference points to.
SET search_path = public;
CREATE SCHEMA gen;

CREATE FUNCTION gen.r(x bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS
  $$ SELECT floor(x * current_setting('gen.scale')::numeric + 0.5)::bigint $$;
SELECT set_config('gen.scale', :'scale', false), set_config('gen.seed', :'seed', false) \g /dev/null

-- ---------------------------------------------------------------- defects: how many of each; gen.n_p1() is the count of p1
CREATE TABLE gen.defect AS
  SELECT split_part(line, E'\t', 1) AS name, split_part(line, E'\t', 2)::bigint AS n FROM unnest(string_to_array(:'defects', E'\n')) line WHERE line <> '';
DO $$ DECLARE d gen.defect; BEGIN  -- as constants, so that the planner inlines them
  FOR d IN SELECT * FROM gen.defect LOOP
    EXECUTE format('CREATE FUNCTION gen.%I() RETURNS bigint LANGUAGE sql IMMUTABLE AS %L', 'n_' || d.name, format('SELECT %s::bigint', d.n));
  END LOOP;
END $$;

-- ---------------------------------------------------------------- classes
CREATE TABLE gen.shape (short text PRIMARY KEY, tbl regclass NOT NULL, layout char NOT NULL,
  n bigint, m bigint, q bigint, skipped bigint, loaded bigint);
INSERT INTO gen.shape (short, tbl, layout) VALUES
  ('usr', 'auth_user', 'B'), ('membership', 'auth_user_groups', 'B'), ('office', 'dispatch_office', 'B'),
  ('office_doctor', 'dispatch_office_doctors', 'B'), ('setting', 'dispatch_doctorsetting', 'B'), ('patient', 'dispatch_patient', 'P'),
  ('product', 'dispatch_product', 'B'), ('category', 'dispatch_category', 'B'), ('role', 'dispatch_role', 'B'),
  ('template', 'dispatch_template', 'B'), ('jaw', 'dispatch_jaw', 'P'), ('instruction', 'dispatch_instruction', 'P'),
  ('project', 'dispatch_project', 'P'), ('plan', 'dispatch_plan', 'P'), ('record', 'dispatch_record', 'P'),
  ('file', 'dispatch_file', 'P'), ('task', 'dispatch_task', 'P'),
  ('permission', 'auth_permission', 'B'), ('role_permission', 'dispatch_role_permissions', 'B'), ('template_product', 'dispatch_template_products', 'B'),
  ('template_edit_role', 'dispatch_template_edit_roles', 'B'), ('template_view_role', 'dispatch_template_view_roles', 'B'),
  ('template_view_group', 'dispatch_template_view_groups', 'B'), ('template_predecessor', 'dispatch_template_predecessors', 'B'),
  ('state', 'dispatch_state', 'P'), ('bracket', 'dispatch_bracket', 'P'), ('comment', 'dispatch_comment', 'P'), ('note', 'dispatch_note', 'P'),
  ('payment', 'dispatch_payment', 'P'), ('shop_order', 'dispatch_order', 'B'), ('purchase', 'dispatch_purchase', 'B'), ('operation', 'dispatch_operation', 'P'),
  ('offer', 'dispatch_offer', 'P'), ('discount', 'dispatch_discount', 'P'), ('notification', 'dispatch_notification', 'P');

-- kind: loaded | held (not loaded into the table's main entity) | tail (held, and with the highest ids)
CREATE TABLE gen.class (pos serial PRIMARY KEY, short text NOT NULL REFERENCES gen.shape, cls text NOT NULL, n bigint NOT NULL,
  kind text NOT NULL DEFAULT 'loaded', first bigint, UNIQUE (short, cls));

-- "12": the same at every scale; "12s": max(1, r(12)); "12s3": max(3, r(12))
CREATE FUNCTION gen.size(text) RETURNS bigint LANGUAGE sql IMMUTABLE AS
  $$ SELECT CASE WHEN $1 NOT LIKE '%s%' THEN $1::bigint
       ELSE greatest(coalesce(nullif(split_part($1, 's', 2), ''), '1')::bigint, gen.r(split_part($1, 's', 1)::bigint)) END $$;

-- "base 1341" is a class and its size; a class without a size is a defect, as many as gen.defect says.
CREATE PROCEDURE gen.classes(short text, list text) LANGUAGE sql AS $$
  INSERT INTO gen.class (short, cls, n, kind)
  SELECT $1, m[1], CASE WHEN m[2] = '' THEN (SELECT n FROM gen.defect WHERE name = m[1]) ELSE gen.size(m[2]) END, coalesce(nullif(m[3], ''), 'loaded')
  FROM unnest(string_to_array(list, ', ')) WITH ORDINALITY AS i(item, pos), regexp_match(item, '^(\w+) ?(\d+s?\d*|) ?(held|tail|)$') m ORDER BY pos $$;

CALL gen.classes('patient', 'p1 held, p2 held, p4 held, p5, p6, p7 24, p8, p9, p10, p12, p13, p14, plain 8214s300, p3 tail');
INSERT INTO gen.class (short, cls, n)
  VALUES ('usr', 'a1', gen.size('959s150')), ('usr', 'a2', gen.n_u2()), ('usr', 'a3', 69), ('usr', 'a4', 12), ('usr', 'a5', 3), ('usr', 'a6', 73), ('usr', 'a7', 12);
INSERT INTO gen.class (short, cls, n)  -- one user for every chart whose user is right
  SELECT 'usr', 'a8', sum(n) FROM gen.class WHERE short = 'patient' AND cls NOT IN ('p1', 'p3')
  UNION ALL SELECT 'usr', 'a9', 14;
CALL gen.classes('office', 'off 883s120, f1 tail');
CALL gen.classes('product', 'live 10, h1');
CALL gen.classes('category', 'all 44');
CALL gen.classes('role', 'all 48');
CALL gen.classes('template', 'all 169');
CALL gen.classes('jaw', 'j1 held, j2 held, j3 held, j4 held, j5, j6, plain 43049s300');
CALL gen.classes('instruction', 'o1 held, o2 held, o3 held, o4 held, o5 held, o6, o7, o8, o9, plain 24977s600');
CALL gen.classes('project', 'r1 held, r2, r3, plain 71880s300');
CALL gen.classes('plan', 'l1 held, l2 held, l3, l4, l5, plain 37407s400');
CALL gen.classes('record', 'm1 held, m2 held, m3 held, m4 held, m5 held, m6 held, tc1 held, tc2 held, '
  'm7, m9, mplain 60864s700, tc3, tcplain 9688s100');
CALL gen.classes('file', 'z0 held, z1, z2, z3, z4, z5, z6, z7, z8 160241s900, z9 8600s20, z10 319s5, z11 157549s100, z12 tail');
CALL gen.classes('task', 'k1 held, k2 held, k3 held, k4 held, k10, k11, k5, k6, k7, k8, k9, plain 760696s2000');

CALL gen.classes('permission', 'all 184');
CALL gen.classes('role_permission', 'base 1341, i2, i3');
CALL gen.classes('template_product', 'base 178, t3');
CALL gen.classes('template_edit_role', 'base 653, t4, t5');
CALL gen.classes('template_view_role', 'base 1104, t6');
CALL gen.classes('template_view_group', 'base 198, t7');
CALL gen.classes('template_predecessor', 'base 188, t8, t9');
CALL gen.classes('state', 's1 held, s2 held, s3 held, s4 held, s5, plain 5047s50');
CALL gen.classes('bracket', 'b1 held, b2 held, b3 held, plain 1706s20');
CALL gen.classes('comment', 'c1a held, c1b held, c2 held, c3 held, c4 held, c5, c6, c7, plain 16019s300');
CALL gen.classes('note', 'n1 held, plain 962s20');
CALL gen.classes('payment', 'y1 held, y2 held, y3 held, paid 3701s60, y8, y9, y10, free 13348s50');
CALL gen.classes('shop_order', 'used 3701s60, spare 99s5');
CALL gen.classes('purchase', 'all 3701s60');
CALL gen.classes('operation', 'q1 held, q2 held, q3 held');
INSERT INTO gen.class (short, cls, n) VALUES ('operation', 'pay', gen.size('3701s60') - gen.size('22s')), ('operation', 'ref', gen.size('37s'));
CALL gen.classes('offer', 'v1 held, v2 held, a 393s20, b 372s20');
CALL gen.classes('discount', 'w1 held, plain 135s5');
CALL gen.classes('notification', 'nt1 held, nt2 held, nt3 held, nt4 held');
INSERT INTO gen.class (short, cls, n, kind)
  SELECT 'notification', cls, n, kind FROM (VALUES (1, 'nt5', gen.n_nt5(), 'held'), (2, 'nt6', gen.n_nt6(), 'loaded'),
    (3, 'plain', CASE :'notifications' WHEN 'sample' THEN 1960 ELSE gen.r(2039548) END - gen.n_nt6(), 'loaded')) v(pos, cls, n, kind)
  ORDER BY pos;

-- Sizes that are no class of their own.
CREATE FUNCTION gen.count(short text, classes text[]) RETURNS bigint LANGUAGE sql STABLE AS
  $$ SELECT sum(n)::bigint FROM gen.class c WHERE c.short = $1 AND cls = ANY (classes) $$;
DO $$ DECLARE s record; BEGIN  -- as constants, so that the planner inlines them
  FOR s IN SELECT * FROM (VALUES
    ('doctors_with_patients', gen.size('400s110')),     -- the first of A1; the others have no patient
    ('settings_of_tests', least(gen.n_u2(), gen.size('182s5'))),
    ('bad_instructions', gen.count('instruction', '{o1,o2,o3,o4}')),
    ('first_patient_user', gen.n_p2() + gen.n_p4()),    -- of a8: the users of p2 and p4 stand before
    ('used_projects', least(gen.count('project', '{r2,r3,plain}'), gen.size('30000s100'))),
    ('messages', gen.count('record', '{m7,m9,mplain}')), ('team_records', gen.count('record', '{tc3,tcplain}')),
    ('upper_jaws', (gen.count('jaw', '{j5,j6,plain}') + 1) / 2)) v(name, n) LOOP
    EXECUTE format('CREATE FUNCTION gen.%I() RETURNS bigint LANGUAGE sql IMMUTABLE AS %L', s.name, 'SELECT ' || s.n || '::bigint');
  END LOOP;
END $$;
INSERT INTO gen.class (short, cls, n)
  SELECT 'setting', 'all', gen.count('usr', '{a1,a3,a5}') + gen.settings_of_tests()
  UNION ALL SELECT 'office_doctor', 'base', gen.doctors_with_patients() + 3 + 7 + gen.size('62s5');
CALL gen.classes('office_doctor', 'e1, e2, e3, e4, e5');

UPDATE gen.class c SET first = f.first FROM (SELECT pos, sum(n) OVER (PARTITION BY short ORDER BY pos) - n AS first FROM gen.class) f WHERE f.pos = c.pos;
UPDATE gen.shape s SET n = c.n, m = c.n - c.tail, skipped = c.held, loaded = c.loaded
  FROM (SELECT short, sum(n) AS n, coalesce(sum(n) FILTER (WHERE kind = 'tail'), 0) AS tail, coalesce(sum(n) FILTER (WHERE kind = 'held'), 0) AS held,
               sum(n) FILTER (WHERE kind = 'loaded') AS loaded FROM gen.class GROUP BY 1) c WHERE c.short = s.short;
UPDATE gen.shape SET q = (SELECT p FROM unnest(ARRAY[7919, 7927, 7933, 7937, 7949, 7951, 7963, 7993, 8009, 8011]) p WHERE m % p <> 0 ORDER BY p LIMIT 1);

-- ---------------------------------------------------------------- ids, as functions with their constants written in
-- patient(l): id of the loaded row l mod L; patient_k(k): id of row k; patient_p1(d): id of row d mod size of class p1; patient_gap(d): an id that is missing;
-- patient_at(ordinal): a moment, ascending with the id. id = ordinal + ordinal div 10 = 11 * ordinal div 10.
DO $$
DECLARE s gen.shape; c gen.class; ordinal text;
BEGIN
  FOR s IN SELECT * FROM gen.shape WHERE n IS NOT NULL LOOP
    ordinal := CASE s.layout WHEN 'P' THEN format('(1 + (%%s) * %s %% %s)', s.q, s.m) ELSE '(1 + %s)' END;
    EXECUTE format('CREATE FUNCTION gen.%I(l bigint) RETURNS int LANGUAGE sql IMMUTABLE AS %L', s.short,
      format('SELECT (11 * ' || replace(ordinal, '% ', '%% ') || ' / 10)::int', format('%s + l %% %s', s.skipped, greatest(1, s.loaded))));
    EXECUTE format('CREATE FUNCTION gen.%I(d bigint) RETURNS int LANGUAGE sql IMMUTABLE AS %L', s.short || '_gap',
      format('SELECT (11 * (1 + d %% %s) - 1)::int', greatest(1, s.n / 10)));
    EXECUTE format('CREATE FUNCTION gen.%I(ordinal bigint) RETURNS timestamptz LANGUAGE sql IMMUTABLE AS %L', s.short || '_at',
      format('SELECT timestamptz ''2018-03-01 00:00:00+00'' + interval ''1 second'' * ((ordinal - 1) * 239414400 / %s)', s.n));
    EXECUTE format('CREATE FUNCTION gen.%I(k bigint) RETURNS int LANGUAGE sql IMMUTABLE AS %L', s.short || '_k',
      format('SELECT (11 * ' || replace(ordinal, '% ', '%% ') || ' / 10)::int', 'k'));
    FOR c IN SELECT * FROM gen.class x WHERE x.short = s.short LOOP
      EXECUTE format('CREATE FUNCTION gen.%I(d bigint) RETURNS int LANGUAGE sql IMMUTABLE AS %L', s.short || '_' || c.cls,
        format('SELECT (11 * ' || replace(CASE WHEN c.kind = 'tail' THEN '(1 + %s)' ELSE ordinal END, '% ', '%% ') || ' / 10)::int',
               format('%s + d %% %s', c.first, greatest(1, c.n))));
    END LOOP;
  END LOOP;
END $$;

-- The rows of a table, to be selected from: d = index in the class, l = loaded index (negative for held rows), x = l or 0.
CREATE FUNCTION gen.rows(short text) RETURNS TABLE (cls text, k bigint, d bigint, l bigint, x bigint, ordinal bigint, id int) LANGUAGE sql STABLE AS $$
  SELECT c.cls, c.first + d, d, c.first + d - s.skipped, greatest(c.first + d - s.skipped, 0), o.ordinal, (11 * o.ordinal / 10)::int
  FROM gen.class c JOIN gen.shape s USING (short), generate_series(0, c.n - 1) d,
    LATERAL (SELECT CASE WHEN s.layout = 'B' OR c.kind = 'tail' THEN 1 + c.first + d ELSE 1 + (c.first + d) * s.q % s.m END) o(ordinal)
  WHERE c.short = $1 $$;

-- ---------------------------------------------------------------- noise: values that no expectation depends on
DO $$ BEGIN
  EXECUTE format('CREATE FUNCTION gen.md5(tbl text, k bigint, salt text) RETURNS text LANGUAGE sql IMMUTABLE AS %L',
    format('SELECT md5(%L || ''|'' || tbl || ''|'' || k || ''|'' || salt)', current_setting('gen.seed')));
  EXECUTE format('CREATE FUNCTION gen.uid(tbl text, k bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS %L',
    format('SELECT md5(%L || ''|'' || tbl || ''|'' || k)::uuid', current_setting('gen.seed')));
END $$;
CREATE FUNCTION gen.rnd(tbl text, k bigint, salt text, m bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS
  $$ SELECT ('x' || left(gen.md5(tbl, k, salt), 8))::bit(32)::bigint % m $$;
CREATE FUNCTION gen.name(tbl text, k bigint, salt text, syllables int) RETURNS text LANGUAGE sql IMMUTABLE AS
  $$ SELECT initcap(string_agg(('{ka,ri,mo,ten,lu,sa,vi,no,pe,dar,mi,so,ber,an,il,ko}'::text[])[1 + get_byte(h, i) % 16], '' ORDER BY i))
     FROM (SELECT decode(gen.md5(tbl, k, salt), 'hex') h) m, generate_series(0, syllables - 1) i $$;
CREATE FUNCTION gen.words(tbl text, k bigint, salt text, n int) RETURNS text LANGUAGE sql IMMUTABLE AS
  $$ SELECT string_agg((string_to_array('tray scan upper lower arch bond wire torque midline spacing overjet crowding aligner contact canine molar incisor setup '
       'please check next visit plate latex thanks greater', ' '))[1 + get_byte(h, i % 16) % 26], ' ' ORDER BY i)
     FROM (SELECT decode(gen.md5(tbl, k, salt), 'hex') h) m, generate_series(0, n - 1) i $$;

-- ---------------------------------------------------------------- values that expectations do depend on
-- Ten broken JSON texts: 4 bad escapes, 3 truncated, 2 not storable as jsonb, 1 foreign syntax.
CREATE FUNCTION gen.broken_json(d bigint) RETURNS text LANGUAGE sql IMMUTABLE AS
  $$ SELECT CASE WHEN d < 4 THEN '{"path":"C:\new\x\q"}' WHEN d < 7 THEN '{"a":[1,2,{"b":"c"' WHEN d < 9 THEN '{"a":"b\u0000c"}' ELSE '{''a'': 1}' END $$;
CREATE FUNCTION gen.suffix(x bigint) RETURNS text LANGUAGE sql IMMUTABLE AS  -- a patient's business code: base 36, four characters
  $$ SELECT CASE WHEN x % 100 < 15 THEN '' ELSE (SELECT string_agg(substr('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ', 1 + ((7 * x + 46656) / p % 36)::int, 1), '' ORDER BY p DESC)
       FROM unnest(ARRAY[1, 36, 1296, 46656]) p) END $$;

-- Nasty text: control characters and backslashes (1), invisible and combining characters (2), very long (3), COPY's own marks (4, 5).
CREATE FUNCTION gen.nasty(i int) RETURNS text LANGUAGE sql IMMUTABLE AS
  $$ SELECT CASE i WHEN 1 THEN E'line1\nline2\ttab \\ back "dq" ''sq'' \\N \\. end\r\n' WHEN 2 THEN U&'\FEFFbom soft\00ADhyphen zero\200Bwidth \200Frtl \+01F9B7 cafe\0301'
       WHEN 3 THEN repeat('long text. ', 18182) WHEN 4 THEN '\N' ELSE '\.' END $$;
CREATE FUNCTION gen.japanese() RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT '上顎の矯正治療を確認お願いします。歯列の模型を来週調整？' $$;
CREATE FUNCTION gen.keyword(i bigint) RETURNS text LANGUAGE sql IMMUTABLE AS
  $$ SELECT ('{complaint about tray,refund please,defect in aligner,broken wire,wrong arch,late delivery,I suggest a change,thank you all,great result}'::text[])[1 + i % 9] $$;
-- Amounts around q whose sum is known: n*q + e.
CREATE FUNCTION gen.spread(j bigint, n bigint, q bigint, m bigint, e bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS
  $$ SELECT CASE WHEN n % 2 = 1 AND j = n - 1 THEN q WHEN j % 2 = 0 THEN q + (j / 2 * 7919) % m ELSE q - (j / 2 * 7919) % m END + (j < e)::int $$;
CREATE FUNCTION gen.grp(j bigint) RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT (11 * (1 + j % 10) / 10)::int $$;  -- ids 1 to 9 and 11
CREATE FUNCTION gen.doc_without(j bigint) RETURNS int LANGUAGE sql STABLE AS
  $$ SELECT gen.usr_a1(gen.doctors_with_patients() + j % (gen.count('usr', '{a1}') - gen.doctors_with_patients())) $$;
CREATE FUNCTION gen.content_type(text) RETURNS int LANGUAGE sql STABLE AS
  $$ SELECT id FROM django_content_type WHERE app_label || '.' || model = $1 $$;

-- Staff: doctors with patients, doctors without, technicians.
CREATE FUNCTION gen.doc(j bigint) RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT gen.usr_a1(j % gen.doctors_with_patients()) $$;
CREATE FUNCTION gen.tech(j bigint) RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT CASE WHEN j % 85 < 12 THEN gen.usr_a4(j % 85) ELSE gen.usr_a6(j % 85 - 12) END $$;
-- A plan that has an order; an instruction that is not loaded (o1 to o4); a live product of the ten.
CREATE FUNCTION gen.plan_with_order(j bigint) RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT gen.plan(gen.n_l3() + gen.n_l4() + j) $$;
CREATE FUNCTION gen.bad_instruction(d bigint) RETURNS int LANGUAGE sql IMMUTABLE AS  -- o1 to o4 are the first classes of their table
  $$ SELECT gen.instruction_k(d % greatest(1, gen.bad_instructions())) $$;

-- The 69 duplicate people (A3): 7 groups, each with one survivor. Members are numbered from 1, groups too.
CREATE TABLE gen.duplicate AS
  SELECT row_number() OVER (ORDER BY g, m) - 1 AS member, g, m, m = CASE WHEN g <= 4 THEN 3 WHEN g <= 6 THEN 4 ELSE 1 END AS survivor,
         gen.usr_a3(row_number() OVER (ORDER BY g, m) - 1) AS user_id
  FROM unnest(ARRAY[11, 10, 10, 10, 10, 9, 9]) WITH ORDINALITY AS s(size, g), generate_series(1, size) m;
ANALYZE gen.class; ANALYZE gen.shape; ANALYZE gen.duplicate;
