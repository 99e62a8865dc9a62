-- The same numbers as `compute`, by another way: the mapping's rules asked of a generated legacy database in plain SQL.
-- Reads only (temporary tables apart); prints the lines of compute. Its use is to catch a mistake in the generator,
-- in compute or in a reader's idea of the mapping before etl is blamed for it.
\set QUIET on
\pset format unaligned
\pset fieldsep '\t'
\pset tuples_only on
SET client_min_messages = warning;

CREATE TEMP TABLE outcome (entity text, id int, outcome text, reason text, survivor int);  -- survivor: the id that stands for a merged row
CREATE TEMP TABLE incident (entity text, name text, n bigint);
CREATE TEMP TABLE control (entity text, name text, value numeric);
CREATE FUNCTION pg_temp.jsonable(x text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS
  $$ BEGIN PERFORM x::jsonb; RETURN true; EXCEPTION WHEN OTHERS THEN RETURN false; END $$;
-- Where a mandatory reference ends: NULL where it resolves.
CREATE FUNCTION pg_temp.via(given boolean, parent text, OUT reason text) LANGUAGE sql IMMUTABLE AS
  $$ SELECT CASE WHEN NOT given THEN 'NULL_MANDATORY' WHEN parent IS NULL THEN 'REF_MISSING' WHEN parent = 'filtered' THEN 'PARENT_FILTERED'
       WHEN parent = 'quarantined' THEN 'PARENT_QUARANTINED' END $$;
CREATE FUNCTION pg_temp.ends(reason text) RETURNS text LANGUAGE sql IMMUTABLE AS
  $$ SELECT CASE WHEN reason IS NULL THEN 'loaded' WHEN reason = 'PARENT_FILTERED' THEN 'filtered' ELSE 'quarantined' END $$;
CREATE VIEW pg_temp.found AS SELECT entity, id FROM outcome WHERE outcome IN ('loaded', 'merged');

-- ---------------------------------------------------------------- people
CREATE TEMP TABLE doctor AS
  SELECT ug.user_id AS id FROM auth_user_groups ug JOIN auth_group g ON g.id = ug.group_id AND g.name = 'Doctor'
  UNION SELECT user_id FROM dispatch_doctorsetting UNION SELECT user_id FROM dispatch_office_doctors
  UNION SELECT doctor_id FROM dispatch_patient WHERE doctor_id IS NOT NULL;
CREATE TEMP TABLE person AS
  WITH base AS (
    SELECT u.id, u.last_login, lower(btrim(u.email)) AS mail, u.id IN (SELECT id FROM doctor) AS is_doctor,
      (SELECT count(*) FROM dispatch_patient p WHERE p.doctor_id = u.id) AS patients,
      concat_ws(' ', u.email, u.username) ~* '(^|[^a-z])(test|demo)([^a-z]|$)' OR u.email ILIKE '%@internal.example%' AS is_test
    FROM auth_user u)
  SELECT b.*, coalesce((SELECT s.id FROM base s WHERE s.mail = b.mail AND s.is_doctor AND b.is_doctor AND NOT s.is_test AND NOT b.is_test
                        ORDER BY s.patients DESC, s.last_login DESC NULLS LAST, s.id LIMIT 1), b.id) AS survivor
  FROM base b;

INSERT INTO outcome SELECT 'offices', o.id, CASE WHEN s.id < o.id THEN 'merged' ELSE 'loaded' END, NULL, s.id
  FROM dispatch_office o, LATERAL (
    SELECT min(s.id) AS id FROM dispatch_office s WHERE s.id = o.id OR btrim(s.name) <> '' AND
      (lower(regexp_replace(btrim(s.name), '\s+', ' ', 'g')), lower(btrim(s.address)), lower(s.zip)) = (lower(regexp_replace(btrim(o.name), '\s+', ' ', 'g')), lower(btrim(o.address)), lower(o.zip))) s;
INSERT INTO incident SELECT 'offices', 'tax_rate.NUMERIC_RANGE', count(*) FROM dispatch_office
  JOIN outcome USING (id) WHERE entity = 'offices' AND outcome = 'loaded' AND (tax_rate < 0 OR tax_rate >= 99.995);
INSERT INTO outcome SELECT 'categories', id, 'loaded' FROM dispatch_category;
INSERT INTO incident
  SELECT 'categories', 'parent_id.REF_NULLED', count(*) FROM dispatch_category c WHERE parent_id IS NOT NULL AND NOT EXISTS (SELECT FROM dispatch_category p WHERE p.id = c.parent_id)
  UNION ALL (WITH RECURSIVE up AS (SELECT id AS start, parent_id AS at, 1 AS n FROM dispatch_category UNION ALL SELECT start, parent_id, n + 1 FROM up JOIN dispatch_category c ON c.id = up.at WHERE n < 50)
    SELECT 'categories', 'parent_id.SELF_CYCLE', count(DISTINCT start) FROM up WHERE at = start);
INSERT INTO outcome SELECT 'profiles', id, CASE WHEN survivor <> id THEN 'merged' ELSE 'loaded' END, NULL, survivor FROM person;
INSERT INTO incident
  SELECT 'profiles', x.name, count(*) FROM auth_user u JOIN outcome o ON o.entity = 'profiles' AND o.id = u.id AND o.outcome = 'loaded', LATERAL (VALUES
    ('email.EMAIL_INVALID', lower(btrim(email)) NOT IN ('', 'null') AND lower(btrim(email)) !~ '^[a-z0-9.!#$%&''*+/=?^_{|}~-]+@[a-z0-9-]+(\.[a-z0-9-]+)+$'),
    ('email.SENTINEL', lower(btrim(email)) = 'null'), ('first_name.SENTINEL', lower(btrim(first_name)) = 'null'), ('last_name.SENTINEL', lower(btrim(last_name)) = 'null')) x(name, hit)
  WHERE hit GROUP BY 1, 2;

-- ---------------------------------------------------------------- catalogue, doctors
INSERT INTO outcome SELECT 'courses', id, 'loaded' FROM dispatch_course;
INSERT INTO outcome SELECT 'products', id, 'loaded' FROM dispatch_product;
INSERT INTO outcome SELECT 'templates', id, 'loaded' FROM dispatch_template;
INSERT INTO incident SELECT 'templates', 'category_id.REF_NULLED', count(*) FROM dispatch_template WHERE category_id NOT IN (SELECT id FROM dispatch_category);
INSERT INTO outcome SELECT 'doctors', id, CASE WHEN is_test THEN 'filtered' WHEN survivor <> id THEN 'merged' ELSE 'loaded' END, CASE WHEN is_test THEN 'test_account' END, survivor
  FROM person WHERE is_doctor;
INSERT INTO control
  SELECT 'doctors', 'credit.' || kind, sum(amount) FROM outcome o JOIN dispatch_doctorsetting s ON s.user_id = o.id,
    LATERAL (VALUES ('source', credit), ('loaded', credit * (outcome = 'loaded')::int), ('held', credit * (outcome <> 'loaded')::int)) v(kind, amount)
  WHERE entity = 'doctors' GROUP BY 1, 2;
INSERT INTO outcome SELECT 'projects', id, pg_temp.ends(reason), reason
  FROM dispatch_project, LATERAL (SELECT CASE WHEN uid !~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN 'VALUE_FORMAT' END AS reason) r;
INSERT INTO incident SELECT 'projects', x.name, count(*) FROM outcome o JOIN dispatch_project p USING (id), LATERAL (VALUES
    ('creator_id.REF_NULLED', creator_id IS NOT NULL AND creator_id NOT IN (SELECT id FROM auth_user)), ('project_type.CODE_DEFAULTED', type NOT IN (0, 3, 10, 11))) x(name, hit)
  WHERE entity = 'projects' AND outcome = 'loaded' AND hit GROUP BY 1, 2;

-- ---------------------------------------------------------------- patients, files
INSERT INTO outcome
  SELECT 'patients', p.id, CASE WHEN t.filtered THEN 'filtered' ELSE pg_temp.ends(r.reason) END, CASE WHEN t.filtered THEN 'test_doctor' ELSE r.reason END
  FROM dispatch_patient p LEFT JOIN person d ON d.id = p.doctor_id LEFT JOIN outcome o ON o.entity = 'profiles' AND o.id = p.user_id,
    LATERAL (SELECT coalesce(d.is_test, false) AS filtered) t,
    LATERAL (SELECT coalesce(pg_temp.via(true, o.outcome), CASE WHEN char_length(btrim(p.suffix)) > 10 THEN 'VALUE_TOO_LONG' END,
       CASE WHEN EXISTS (SELECT FROM dispatch_patient e WHERE e.user_id = p.user_id AND e.id < p.id) THEN 'DUPLICATE_KEY' END) AS reason) r;
INSERT INTO incident
  SELECT 'patients', x.name, count(*) FROM outcome o JOIN dispatch_patient p USING (id), LATERAL (VALUES
    ('assigned_office_id.REF_NULLED', office_id IS NOT NULL AND office_id NOT IN (SELECT id FROM dispatch_office)),
    ('primary_doctor_id.REF_NULLED', doctor_id IS NOT NULL AND NOT EXISTS (SELECT FROM pg_temp.found f WHERE entity = 'doctors' AND f.id = doctor_id)),
    ('date_of_birth.DATE_RANGE', birthdate NOT BETWEEN '1900-01-01' AND '2100-12-31'), ('sex.CODE_DEFAULTED', sex NOT IN (0, 1, 2)),
    ('schemes.JSON_RAW', btrim(schemes) <> '' AND NOT pg_temp.jsonable(schemes))) x(name, hit)
  WHERE entity = 'patients' AND outcome = 'loaded' AND hit GROUP BY 1, 2;
INSERT INTO outcome SELECT 'files', id, CASE WHEN reason IS NOT NULL THEN 'quarantined' WHEN first < id THEN 'merged' ELSE 'loaded' END, reason, first
  FROM (SELECT id, min(id) OVER (PARTITION BY uid) AS first, CASE WHEN uid !~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN 'VALUE_FORMAT' END AS reason FROM dispatch_file) f;
INSERT INTO incident SELECT 'files', 'product_id.REF_NULLED', count(*) FROM dispatch_file f JOIN outcome o USING (id)
  WHERE entity = 'files' AND outcome = 'loaded' AND product_id NOT IN (SELECT id FROM dispatch_product);
CREATE INDEX ON outcome (entity, id);
ANALYZE outcome;

-- ---------------------------------------------------------------- orders, plans
INSERT INTO outcome
  SELECT 'orders', i.id, pg_temp.ends(r.reason), r.reason FROM dispatch_instruction i LEFT JOIN outcome o ON o.entity = 'patients' AND o.id = i.patient_id,
    LATERAL (SELECT coalesce(pg_temp.via(true, o.outcome), CASE WHEN status NOT BETWEEN 0 AND 7 THEN 'CODE_UNMAPPED' END,
       CASE WHEN price <> 'NaN' AND (abs(price) >= 1e10 OR price <> round(price, 2)) THEN 'NUMERIC_OVERFLOW' END) AS reason) r;
INSERT INTO incident
  SELECT 'orders', x.name, count(*) FROM outcome o JOIN dispatch_instruction i USING (id) JOIN dispatch_patient p ON p.id = i.patient_id, LATERAL (VALUES
    ('office_id.REF_NULLED', p.office_id IS NOT NULL AND p.office_id NOT IN (SELECT id FROM dispatch_office)),
    ('doctor_id.REF_NULLED', p.doctor_id IS NOT NULL AND NOT EXISTS (SELECT FROM pg_temp.found f WHERE entity = 'doctors' AND f.id = p.doctor_id)),
    ('course_id.REF_NULLED', course_id IS NOT NULL AND course_id NOT IN (SELECT id FROM dispatch_course)), ('amount.NUMERIC_NAN', price = 'NaN'),
    ('submitted_at.TIMESTAMP_INFINITE', NOT isfinite(i.submitted_at)), ('source_updated_at.TIMESTAMP_INFINITE', NOT isfinite(i.updated_at)),
    ('suffix.SENTINEL', lower(btrim(i.suffix)) = 'null'), ('exports.JSON_RAW', btrim(exports) <> '' AND NOT pg_temp.jsonable(exports))) x(name, hit)
  WHERE entity = 'orders' AND outcome = 'loaded' AND hit GROUP BY 1, 2;
INSERT INTO control
  SELECT 'orders', 'amount.' || kind, coalesce(sum(price) FILTER (WHERE hit), 0.00) FROM outcome o JOIN dispatch_instruction i USING (id),
    LATERAL (VALUES ('source', true), ('loaded', outcome = 'loaded'), ('held', outcome <> 'loaded')) v(kind, hit)
  WHERE entity = 'orders' AND price < 1e12 GROUP BY 1, 2;
INSERT INTO outcome
  SELECT 'treatment_plans', pl.id, pg_temp.ends(r.reason), r.reason FROM dispatch_plan pl LEFT JOIN outcome o ON o.entity = 'projects' AND o.id = pl.project_id,
    LATERAL pg_temp.via(true, o.outcome) AS r(reason);
INSERT INTO incident
  SELECT 'treatment_plans', x.name, count(*) FROM outcome o JOIN dispatch_plan pl USING (id) LEFT JOIN dispatch_instruction i ON i.id = pl.instruction_id
    LEFT JOIN dispatch_patient p ON p.id = i.patient_id, LATERAL (VALUES
    ('order_id.REF_NULLED', NOT EXISTS (SELECT FROM pg_temp.found f WHERE entity = 'orders' AND f.id = pl.instruction_id)),
    ('patient_id.REF_NULLED', i.patient_id IS NOT NULL AND NOT EXISTS (SELECT FROM pg_temp.found f WHERE entity = 'patients' AND f.id = i.patient_id)),
    ('doctor_id.REF_NULLED', p.doctor_id IS NOT NULL AND NOT EXISTS (SELECT FROM pg_temp.found f WHERE entity = 'doctors' AND f.id = p.doctor_id)),
    ('plan_name.TRUNCATED', char_length(btrim(pl.name)) > 100)) x(name, hit)
  WHERE entity = 'treatment_plans' AND outcome = 'loaded' AND hit GROUP BY 1, 2;
ANALYZE outcome;

-- ---------------------------------------------------------------- tasks
INSERT INTO outcome
  SELECT 'tasks', t.id, pg_temp.ends(r.reason), r.reason FROM dispatch_task t LEFT JOIN outcome o ON o.entity = 'orders' AND o.id = t.instruction_id,
    LATERAL pg_temp.via(t.instruction_id IS NOT NULL, o.outcome) AS r(reason);
CREATE TEMP TABLE loaded_task AS SELECT t.* FROM outcome o JOIN dispatch_task t USING (id) WHERE entity = 'tasks' AND outcome = 'loaded';
INSERT INTO incident
  SELECT 'tasks', 'template_id.REF_NULLED', count(*) FROM loaded_task WHERE template_id NOT IN (SELECT id FROM dispatch_template)
  UNION ALL SELECT 'tasks', 'assigned_to.REF_NULLED', count(*) FROM loaded_task WHERE actor_id NOT IN (SELECT id FROM auth_user)
  UNION ALL SELECT 'tasks', 'treatment_plan_id.REF_NULLED', count(*) FROM loaded_task t WHERE plan_id IS NOT NULL AND NOT EXISTS (SELECT FROM pg_temp.found f WHERE entity = 'treatment_plans' AND f.id = plan_id)
  UNION ALL SELECT 'tasks', 'file_id.REF_NULLED', count(*) FROM loaded_task t WHERE file_id IS NOT NULL AND NOT EXISTS (SELECT FROM pg_temp.found f WHERE entity = 'files' AND f.id = file_id)
  UNION ALL SELECT 'tasks', 'completed_at.TIMESTAMP_INFINITE', count(*) FROM loaded_task WHERE NOT isfinite(done_at);

-- ---------------------------------------------------------------- the lines
SELECT entity, measure, name, value FROM (
  SELECT o.entity, 'ledger' AS measure, v.name, count(*) FILTER (WHERE v.name IN ('read', o.outcome))::text AS value
    FROM outcome o, (VALUES ('read'), ('loaded'), ('merged'), ('filtered'), ('quarantined')) v(name) GROUP BY 1, 2, 3
  UNION ALL SELECT entity, CASE outcome WHEN 'filtered' THEN 'filter' ELSE 'reason' END, reason, count(*)::text FROM outcome WHERE reason IS NOT NULL GROUP BY 1, 2, 3
  UNION ALL SELECT entity, 'incident', name, n::text FROM incident WHERE n > 0
  UNION ALL SELECT entity, 'control', name, value::text FROM control) l
ORDER BY entity, measure, name;
