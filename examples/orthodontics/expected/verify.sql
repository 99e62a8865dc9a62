-- The same numbers as `compute`, by another way: the mapping's rules asked of a generated legacy database in plain SQL.
-- Reads only (temporary tables apart); prints the lines of compute. Its use is to catch a mistake in the generator,
-- in compute or in a reader's idea of the mapping before etl is blamed for it.
-- psql variables: what (report: the lines of compute; all: also how the values are distributed that the target must hold, in target.sql's words), full (on: every entity, off: the core chain), start (a or b), newest (users that start A does not know yet).
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
CREATE VIEW pg_temp.found AS SELECT entity, id FROM outcome WHERE outcome IN ('loaded', 'merged', 'adopted');
-- Did the target hold the row before? In start A all offices and categories, and all profiles but those of the newest users.
SELECT set_config('verify.start', :'start', false), set_config('verify.newest', :'newest', false) \g /dev/null
CREATE FUNCTION pg_temp.known() RETURNS text LANGUAGE sql STABLE AS
  $$ SELECT CASE current_setting('verify.start') WHEN 'a' THEN 'adopted' ELSE 'loaded' END $$;

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

INSERT INTO outcome SELECT 'offices', o.id, CASE WHEN s.id < o.id THEN 'merged' ELSE pg_temp.known() END, NULL, s.id
  FROM dispatch_office o, LATERAL (
    SELECT min(s.id) AS id FROM dispatch_office s WHERE s.id = o.id OR btrim(s.name) <> '' AND
      (lower(regexp_replace(btrim(s.name), '\s+', ' ', 'g')), lower(btrim(s.address)), lower(s.zip)) = (lower(regexp_replace(btrim(o.name), '\s+', ' ', 'g')), lower(btrim(o.address)), lower(o.zip))) s;
INSERT INTO incident SELECT 'offices', 'tax_rate.NUMERIC_RANGE', count(*) FROM dispatch_office
  JOIN outcome USING (id) WHERE entity = 'offices' AND outcome = 'loaded' AND (tax_rate < 0 OR tax_rate >= 99.995);
INSERT INTO outcome SELECT 'categories', id, pg_temp.known() FROM dispatch_category;
INSERT INTO incident
  SELECT 'categories', 'parent_id.REF_NULLED', count(*) FROM dispatch_category c WHERE pg_temp.known() = 'loaded' AND parent_id IS NOT NULL AND NOT EXISTS (SELECT FROM dispatch_category p WHERE p.id = c.parent_id)
  UNION ALL (WITH RECURSIVE up AS (SELECT id AS start, parent_id AS at, 1 AS n FROM dispatch_category UNION ALL SELECT start, parent_id, n + 1 FROM up JOIN dispatch_category c ON c.id = up.at WHERE n < 50)
    SELECT 'categories', 'parent_id.SELF_CYCLE', count(DISTINCT start) FROM up WHERE at = start AND pg_temp.known() = 'loaded');
INSERT INTO outcome SELECT 'profiles', id, CASE WHEN survivor <> id THEN 'merged' WHEN newer < current_setting('verify.newest')::int THEN 'loaded' ELSE pg_temp.known() END, NULL, survivor
  FROM (SELECT id, survivor, row_number() OVER (ORDER BY id DESC) - 1 AS newer FROM person) p;
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

\if :full
-- ================================================================ beyond the core chain
-- ---------------------------------------------------------------- teams, roles, templates
INSERT INTO outcome SELECT 'teams', id, 'loaded' FROM auth_group;
INSERT INTO outcome SELECT 'roles', id, 'loaded' FROM dispatch_role;
INSERT INTO incident SELECT 'roles', 'profile_id.REF_NULLED', count(*) FROM dispatch_role WHERE user_id NOT IN (SELECT id FROM auth_user);
-- Links: `left_hit` and `right_hit` say where the two references end; of equal links the smallest id is loaded.
CREATE TEMP TABLE link (entity text, id int, pos bigint, left_given boolean, left_hit text, right_given boolean, right_hit text, left_is text, right_is text, extra text);
INSERT INTO link SELECT 'role_permissions', rp.id, rp.id, true, r.outcome, true, ap.id::text, rp.role_id::text, concat_ws('.', ct.app_label, ap.codename), NULL
  FROM dispatch_role_permissions rp LEFT JOIN outcome r ON r.entity = 'roles' AND r.id = rp.role_id LEFT JOIN auth_permission ap ON ap.id = rp.permission_id
  LEFT JOIN django_content_type ct ON ct.id = ap.content_type_id;
INSERT INTO link SELECT 'team_members', ug.id, ug.user_id * 1000::bigint + ug.group_id, true, t.outcome, true, p.outcome, ug.group_id::text, p.survivor::text, NULL
  FROM auth_user_groups ug LEFT JOIN outcome t ON t.entity = 'teams' AND t.id = ug.group_id LEFT JOIN outcome p ON p.entity = 'profiles' AND p.id = ug.user_id;
INSERT INTO link SELECT 'template_products', x.id, x.id, true, t.outcome, true, p.outcome, x.template_id::text, x.product_id::text, NULL
  FROM dispatch_template_products x LEFT JOIN outcome t ON t.entity = 'templates' AND t.id = x.template_id LEFT JOIN outcome p ON p.entity = 'products' AND p.id = x.product_id;
INSERT INTO link SELECT x.entity, x.id, x.id, true, t.outcome, true, r.outcome, x.template_id::text, x.role_id::text, NULL
  FROM (SELECT 'template_edit_roles' AS entity, * FROM dispatch_template_edit_roles UNION ALL SELECT 'template_view_roles', * FROM dispatch_template_view_roles) x(entity, id, template_id, role_id)
  LEFT JOIN outcome t ON t.entity = 'templates' AND t.id = x.template_id LEFT JOIN outcome r ON r.entity = 'roles' AND r.id = x.role_id;
INSERT INTO link SELECT 'template_view_groups', x.id, x.id, true, t.outcome, true, g.outcome, x.template_id::text, x.group_id::text, NULL
  FROM dispatch_template_view_groups x LEFT JOIN outcome t ON t.entity = 'templates' AND t.id = x.template_id LEFT JOIN outcome g ON g.entity = 'teams' AND g.id = x.group_id;
INSERT INTO link SELECT 'template_predecessors', x.id, x.id, true, t.outcome, true, f.outcome, x.to_template_id::text, x.from_template_id::text,
    CASE WHEN x.from_template_id = x.to_template_id THEN 'SELF_REFERENCE' END
  FROM dispatch_template_predecessors x LEFT JOIN outcome t ON t.entity = 'templates' AND t.id = x.to_template_id LEFT JOIN outcome f ON f.entity = 'templates' AND f.id = x.from_template_id;
INSERT INTO link SELECT 'doctor_offices', x.id, x.id, true, d.outcome, true, o.outcome, d.survivor::text, o.survivor::text, NULL
  FROM dispatch_office_doctors x LEFT JOIN outcome d ON d.entity = 'doctors' AND d.id = x.user_id LEFT JOIN outcome o ON o.entity = 'offices' AND o.id = x.office_id;
INSERT INTO outcome SELECT 'technicians', ug.user_id, pg_temp.ends(r.reason), r.reason
  FROM auth_user_groups ug JOIN auth_group g ON g.id = ug.group_id AND g.name = 'Technician' LEFT JOIN outcome p ON p.entity = 'profiles' AND p.id = ug.user_id,
    LATERAL pg_temp.via(true, p.outcome) AS r(reason);
INSERT INTO outcome SELECT 'technician_roles', x.id, pg_temp.ends(r.reason), r.reason
  FROM dispatch_role x JOIN auth_group g ON g.id = x.group_id AND g.name = 'Technician' LEFT JOIN outcome t ON t.entity = 'technicians' AND t.id = x.user_id,
    LATERAL (SELECT coalesce(pg_temp.via(true, t.outcome), CASE WHEN x.abbrev NOT IN ('DT', 'MT', 'ST', 'IDB', 'DTR', 'SV', 'QC') THEN 'CODE_UNMAPPED' END) AS reason) r
  WHERE x.user_id IS NOT NULL;

-- ---------------------------------------------------------------- cases, states, brackets, jaws
INSERT INTO outcome SELECT 'cases', p.id, pg_temp.ends(r.reason), r.reason FROM dispatch_patient p LEFT JOIN outcome o ON o.entity = 'patients' AND o.id = p.id,
    LATERAL (SELECT coalesce(pg_temp.via(true, o.outcome), CASE WHEN p.status NOT BETWEEN 1 AND 11 THEN 'CODE_UNMAPPED' END) AS reason) r;
INSERT INTO incident
  SELECT 'cases', x.name, count(*) FROM outcome o JOIN dispatch_patient p USING (id), LATERAL (VALUES
    ('office_id.REF_NULLED', office_id IS NOT NULL AND office_id NOT IN (SELECT id FROM dispatch_office)),
    ('primary_doctor_id.REF_NULLED', doctor_id IS NOT NULL AND NOT EXISTS (SELECT FROM pg_temp.found f WHERE entity = 'doctors' AND f.id = doctor_id)),
    ('opened_at.TIMESTAMP_INFINITE', NOT isfinite(submitted_at))) x(name, hit)
  WHERE entity = 'cases' AND outcome = 'loaded' AND hit GROUP BY 1, 2;
ANALYZE outcome;
INSERT INTO outcome SELECT 'order_cases', i.id, pg_temp.ends(r.reason), r.reason
  FROM dispatch_instruction i LEFT JOIN outcome o ON o.entity = 'orders' AND o.id = i.id LEFT JOIN outcome c ON c.entity = 'cases' AND c.id = i.patient_id,
    LATERAL (SELECT coalesce(pg_temp.via(true, o.outcome), pg_temp.via(true, c.outcome)) AS reason) r;
INSERT INTO outcome SELECT e.entity, s.id, pg_temp.ends(r.reason), r.reason
  FROM (VALUES ('order_states'), ('case_states')) e(entity), dispatch_state s LEFT JOIN dispatch_instruction i ON i.id = s.instruction_id
    LEFT JOIN outcome o ON o.entity = 'orders' AND o.id = s.instruction_id LEFT JOIN outcome c ON c.entity = 'cases' AND c.id = i.patient_id,
    LATERAL (SELECT coalesce(pg_temp.via(true, o.outcome), CASE WHEN e.entity = 'case_states' THEN pg_temp.via(true, c.outcome) END,
       CASE WHEN s.status NOT IN (11, 12) THEN 'CODE_UNMAPPED' WHEN s.changed_at IS NULL THEN 'NULL_MANDATORY' WHEN NOT isfinite(s.changed_at) THEN 'TIMESTAMP_INFINITE' END) AS reason) r;
INSERT INTO incident SELECT entity, 'changed_by.REF_NULLED', count(*) FROM outcome o JOIN dispatch_state s USING (id)
  WHERE entity IN ('order_states', 'case_states') AND outcome = 'loaded' AND actor_id NOT IN (SELECT id FROM auth_user) GROUP BY 1;
INSERT INTO outcome SELECT 'brackets', b.id, pg_temp.ends(r.reason), r.reason FROM dispatch_bracket b LEFT JOIN outcome p ON p.entity = 'projects' AND p.id = b.project_id,
    LATERAL (SELECT coalesce(pg_temp.via(true, p.outcome), CASE WHEN b.name IS NULL THEN 'NULL_MANDATORY' WHEN b.name ~ '^[ \t\r\n]*$' THEN 'EMPTY_TEXT' END) AS reason) r;
INSERT INTO outcome SELECT 'jaws', j.id, pg_temp.ends(r.reason), r.reason
  FROM dispatch_jaw j LEFT JOIN (SELECT jaw, count(*) AS n, min(id) AS instruction_id FROM dispatch_instruction, unnest(ARRAY[upper_jaw_id, lower_jaw_id]) jaw GROUP BY 1) x ON x.jaw = j.id
    LEFT JOIN outcome o ON o.entity = 'orders' AND o.id = x.instruction_id,
    LATERAL (SELECT CASE WHEN x.n IS NULL THEN 'REVERSE_REF_NONE' WHEN x.n > 1 THEN 'REVERSE_REF_MANY'
       ELSE coalesce(pg_temp.via(true, o.outcome), CASE WHEN bond_teeth::text !~ '^[01]{16}$' OR extract_teeth::text !~ '^[01]{16}$' THEN 'VALUE_FORMAT' END) END AS reason) r;
INSERT INTO incident SELECT 'jaws', x.name, count(*) FROM outcome o JOIN dispatch_jaw j USING (id), LATERAL (VALUES
    ('product_id.REF_NULLED', product_id IS NOT NULL AND product_id NOT IN (SELECT id FROM dispatch_product)), ('replacement_reason.CODE_NULLED', j.reason NOT IN (1, 2, 3))) x(name, hit)
  WHERE entity = 'jaws' AND outcome = 'loaded' AND hit GROUP BY 1, 2;

-- ---------------------------------------------------------------- messages, comments
INSERT INTO outcome SELECT 'messages', m.id, pg_temp.ends(r.reason), r.reason
  FROM dispatch_record m LEFT JOIN django_content_type ct ON ct.id = m.target_type_id
    LEFT JOIN LATERAL (SELECT CASE concat(ct.app_label, '.', ct.model) WHEN 'dispatch.patient' THEN 'patients' WHEN 'auth.user' THEN 'profiles' WHEN 'dispatch.instruction' THEN 'orders' END AS parent) k ON true
    LEFT JOIN outcome o ON o.entity = k.parent AND o.id = m.target_id,
    LATERAL (SELECT CASE WHEN m.type NOT IN (3, 4, 5, 6, 8) THEN 'CODE_UNMAPPED' WHEN m.target_type_id IS NULL OR m.target_id IS NULL THEN 'NULL_MANDATORY'
       WHEN ct.id IS NULL THEN 'GENERIC_TYPE_MISSING' WHEN k.parent IS NULL THEN 'GENERIC_TYPE_UNMAPPED'
       ELSE coalesce(pg_temp.via(true, o.outcome), CASE WHEN NOT isfinite(m.created_at) THEN 'TIMESTAMP_INFINITE' END) END AS reason) r
  WHERE m.group_id IS NULL;
INSERT INTO incident SELECT 'messages', 'sender_id.REF_NULLED', count(*) FROM outcome o JOIN dispatch_record m USING (id)
  WHERE entity = 'messages' AND outcome = 'loaded' AND author_id NOT IN (SELECT id FROM auth_user);
INSERT INTO outcome SELECT 'team_communications', m.id, pg_temp.ends(r.reason), r.reason FROM dispatch_record m LEFT JOIN outcome a ON a.entity = 'profiles' AND a.id = m.author_id,
    LATERAL (SELECT CASE WHEN m.type NOT IN (3, 5, 6, 8) THEN 'CODE_UNMAPPED' ELSE coalesce(pg_temp.via(m.author_id IS NOT NULL, a.outcome), CASE WHEN NOT isfinite(m.created_at) THEN 'TIMESTAMP_INFINITE' END) END AS reason) r
  WHERE m.group_id IS NOT NULL;
INSERT INTO incident SELECT 'team_communications', 'patient_id.REF_NULLED', count(*) FROM outcome o JOIN dispatch_record m USING (id) JOIN django_content_type ct ON ct.id = m.target_type_id
  WHERE entity = 'team_communications' AND outcome = 'loaded' AND (app_label, model) = ('dispatch', 'patient') AND NOT EXISTS (SELECT FROM pg_temp.found f WHERE f.entity = 'patients' AND f.id = target_id);
INSERT INTO outcome SELECT 'comments', c.id, pg_temp.ends(r.reason), r.reason FROM dispatch_comment c LEFT JOIN outcome p ON p.entity = 'treatment_plans' AND p.id = c.plan_id,
    LATERAL (SELECT CASE WHEN c.text IS NULL THEN 'NULL_MANDATORY' WHEN c.text ~ '^[ \t\r\n]*$' THEN 'EMPTY_TEXT'
       ELSE coalesce(pg_temp.via(true, p.outcome), CASE WHEN NOT isfinite(c.created_at) THEN 'TIMESTAMP_INFINITE' END) END AS reason) r;
INSERT INTO outcome SELECT 'notes', x.id, pg_temp.ends(r.reason), r.reason FROM dispatch_note x LEFT JOIN outcome d ON d.entity = 'doctors' AND d.id = x.doctor_id,
    LATERAL (SELECT CASE WHEN x.text ~ '^[ \t\r\n]*$' THEN 'EMPTY_TEXT' ELSE coalesce(pg_temp.via(true, d.outcome), CASE WHEN NOT isfinite(x.created_at) THEN 'TIMESTAMP_INFINITE' END) END AS reason) r;
ANALYZE outcome;
-- The comments of a plan are one thread; its root is the earliest.
CREATE TEMP TABLE thread AS SELECT DISTINCT ON (plan_id) plan_id, id AS root FROM dispatch_comment ORDER BY plan_id, created_at, id;
INSERT INTO incident
  SELECT 'comments', x.name, count(*) FROM outcome o JOIN dispatch_comment c USING (id) JOIN thread t USING (plan_id) JOIN outcome root ON root.entity = 'comments' AND root.id = t.root, LATERAL (VALUES
    ('author_id.REF_NULLED', author_id IS NOT NULL AND author_id NOT IN (SELECT id FROM auth_user)), ('parent_comment_id.REF_NULLED', root.id <> c.id AND root.outcome <> 'loaded')) x(name, hit)
  WHERE o.entity = 'comments' AND o.outcome = 'loaded' AND hit GROUP BY 1, 2
  UNION ALL SELECT 'notes', 'author_id.REF_NULLED', count(*) FROM outcome o JOIN dispatch_note x USING (id) WHERE entity = 'notes' AND outcome = 'loaded' AND author_id NOT IN (SELECT id FROM auth_user);
INSERT INTO outcome SELECT 'case_messages', c.id, pg_temp.ends(r.reason), r.reason
  FROM dispatch_comment c JOIN outcome o ON o.entity = 'comments' AND o.id = c.id LEFT JOIN dispatch_plan pl ON pl.id = c.plan_id LEFT JOIN dispatch_instruction i ON i.id = pl.instruction_id
    LEFT JOIN outcome ca ON ca.entity = 'cases' AND ca.id = i.patient_id,
    LATERAL (SELECT coalesce(pg_temp.via(true, o.outcome), CASE WHEN i.id IS NULL THEN 'NO_CASE' END, pg_temp.via(true, ca.outcome)) AS reason) r;
INSERT INTO outcome SELECT 'customer_feedback', x.id, pg_temp.ends(r.reason), r.reason  -- comments count downwards from -1
  FROM (SELECT id, 'messages' AS parent, id AS parent_id, author_id, text FROM dispatch_record WHERE group_id IS NULL UNION ALL SELECT -id, 'comments', id, author_id, text FROM dispatch_comment) x
    JOIN person a ON a.id = x.author_id AND a.is_doctor AND NOT a.is_test LEFT JOIN outcome m ON m.entity = x.parent AND m.id = x.parent_id
    LEFT JOIN outcome d ON d.entity = 'doctors' AND d.id = x.author_id,
    LATERAL (SELECT coalesce(pg_temp.via(true, m.outcome), pg_temp.via(true, d.outcome)) AS reason) r
  WHERE x.text ~* '\m(complaint|refund|defect|broken|wrong|late|suggest|thank|great)\M' AND char_length(btrim(x.text)) > 5;

-- ---------------------------------------------------------------- files as links
INSERT INTO link SELECT 'order_files', f.id, f.id, true, o.outcome, true, fo.outcome, f.instruction_id::text, fo.survivor::text, NULL
  FROM dispatch_file f LEFT JOIN outcome o ON o.entity = 'orders' AND o.id = f.instruction_id LEFT JOIN outcome fo ON fo.entity = 'files' AND fo.id = f.id WHERE f.instruction_id IS NOT NULL;
INSERT INTO link SELECT 'case_files', f.id, f.id, i.id IS NOT NULL, c.outcome, true, fo.outcome, i.patient_id::text, fo.survivor::text, CASE WHEN i.id IS NULL THEN 'REF_MISSING' END
  FROM dispatch_file f LEFT JOIN dispatch_instruction i ON i.id = f.instruction_id LEFT JOIN outcome c ON c.entity = 'cases' AND c.id = i.patient_id
    LEFT JOIN outcome fo ON fo.entity = 'files' AND fo.id = f.id WHERE f.instruction_id IS NOT NULL;
INSERT INTO link SELECT 'message_attachments', f.id, f.id, true, m.outcome, true, fo.outcome, concat(m.entity, f.record_id), fo.survivor::text, NULL
  FROM dispatch_file f LEFT JOIN outcome m ON m.entity IN ('messages', 'team_communications') AND m.id = f.record_id LEFT JOIN outcome fo ON fo.entity = 'files' AND fo.id = f.id WHERE f.record_id IS NOT NULL;
INSERT INTO outcome
  SELECT entity, id, CASE WHEN reason IS NOT NULL THEN pg_temp.ends(reason) WHEN row_number() OVER (PARTITION BY entity, left_is, right_is, reason ORDER BY pos) > 1 THEN 'merged' ELSE 'loaded' END, reason
  FROM (SELECT l.*, coalesce(extra, pg_temp.via(left_given, left_hit), pg_temp.via(right_given, right_hit)) AS reason FROM link l) l;
ANALYZE outcome;
INSERT INTO incident SELECT 'order_files', 'parameters.JSON_RAW', count(*) FROM outcome o JOIN dispatch_file f USING (id)
  WHERE entity = 'order_files' AND outcome = 'loaded' AND btrim(parameters) <> '' AND NOT pg_temp.jsonable(parameters);

-- ---------------------------------------------------------------- notifications
INSERT INTO outcome SELECT 'system_messages', n.id, CASE WHEN f.sent THEN pg_temp.ends(r.reason) ELSE 'filtered' END, CASE WHEN f.sent THEN r.reason ELSE 'not_sent' END
  FROM dispatch_notification n, LATERAL (SELECT n.sent AND n.send AS sent) f,
    LATERAL (SELECT CASE WHEN NOT f.sent THEN NULL WHEN coalesce(btrim(template_context), '') = '' THEN 'JSON_EMPTY' WHEN NOT pg_temp.jsonable(template_context) THEN 'JSON_INVALID'
       WHEN NOT isfinite(created_at) THEN 'TIMESTAMP_INFINITE' END AS reason) r;
ANALYZE outcome;
INSERT INTO incident SELECT 'system_messages', x.name, count(*) FROM outcome o JOIN dispatch_notification n USING (id) LEFT JOIN django_content_type ct ON ct.id = n.item_type_id
    LEFT JOIN outcome i ON i.entity = CASE concat(ct.app_label, '.', ct.model) WHEN 'dispatch.instruction' THEN 'orders' WHEN 'dispatch.patient' THEN 'patients' END AND i.id = n.item_id, LATERAL (VALUES
    ('recipient_id.REF_NULLED', recipient_id IS NOT NULL AND recipient_id NOT IN (SELECT id FROM auth_user)),
    ('order_id.REF_NULLED', n.item_id IS NOT NULL AND (ct.app_label, ct.model) = ('dispatch', 'instruction') AND coalesce(i.outcome, '') NOT IN ('loaded', 'merged')),
    ('patient_id.REF_NULLED', n.item_id IS NOT NULL AND (ct.app_label, ct.model) = ('dispatch', 'patient') AND coalesce(i.outcome, '') NOT IN ('loaded', 'merged'))) x(name, hit)
  WHERE o.entity = 'system_messages' AND o.outcome = 'loaded' AND hit GROUP BY 1, 2;

-- ---------------------------------------------------------------- money
INSERT INTO outcome SELECT 'payments', pa.id, pg_temp.ends(r.reason), r.reason
  FROM dispatch_payment pa LEFT JOIN dispatch_instruction i ON i.id = pa.instruction_id LEFT JOIN outcome o ON o.entity = 'orders' AND o.id = pa.instruction_id
    LEFT JOIN outcome p ON p.entity = 'patients' AND p.id = i.patient_id,
    LATERAL (SELECT coalesce(pg_temp.via(pa.instruction_id IS NOT NULL, o.outcome), pg_temp.via(i.id IS NOT NULL, p.outcome)) AS reason) r;
INSERT INTO incident SELECT 'payments', x.name, count(*) FROM outcome o JOIN dispatch_payment pa USING (id), LATERAL (VALUES
    ('doctor_id.REF_NULLED', doctor_id IS NOT NULL AND NOT EXISTS (SELECT FROM pg_temp.found f WHERE entity = 'doctors' AND f.id = doctor_id)),
    ('office_id.REF_NULLED', office_id IS NOT NULL AND office_id NOT IN (SELECT id FROM dispatch_office)), ('custom_amount.NUMERIC_NAN', custom_price = 'NaN'),
    ('installments.JSON_RAW', btrim(installments) <> '' AND NOT pg_temp.jsonable(installments)), ('made_at.TIMESTAMP_INFINITE', NOT isfinite(made_at))) x(name, hit)
  WHERE entity = 'payments' AND outcome = 'loaded' AND hit GROUP BY 1, 2;
INSERT INTO outcome SELECT 'payment_operations', op.id, pg_temp.ends(r.reason), r.reason FROM dispatch_operation op LEFT JOIN outcome p ON p.entity = 'payments' AND p.id = op.payment_id,
    LATERAL (SELECT coalesce(pg_temp.via(true, p.outcome), CASE WHEN op.type NOT IN (1, 2) THEN 'CODE_UNMAPPED' END) AS reason) r;
INSERT INTO outcome SELECT 'purchases', pu.id, pg_temp.ends(r.reason), r.reason
  FROM dispatch_purchase pu LEFT JOIN dispatch_payment pa ON pa.order_id = pu.order_id LEFT JOIN outcome p ON p.entity = 'payments' AND p.id = pa.id
    LEFT JOIN outcome o ON o.entity = 'orders' AND o.id = pa.instruction_id,
    LATERAL (SELECT coalesce(pg_temp.via(pa.id IS NOT NULL, p.outcome), pg_temp.via(pa.instruction_id IS NOT NULL, o.outcome)) AS reason) r;
INSERT INTO incident SELECT 'purchases', 'product_id.REF_NULLED', count(*) FROM dispatch_purchase WHERE product_id NOT IN (SELECT id FROM dispatch_product);
INSERT INTO outcome SELECT 'offers', x.id, pg_temp.ends(r.reason), r.reason FROM dispatch_offer x LEFT JOIN outcome d ON d.entity = 'doctors' AND d.id = x.doctor_id,
    LATERAL pg_temp.via(x.doctor_id IS NOT NULL, d.outcome) AS r(reason);
INSERT INTO incident SELECT 'offers', 'product_id.REF_NULLED', count(*) FROM outcome o JOIN dispatch_offer x USING (id)
  WHERE entity = 'offers' AND outcome = 'loaded' AND product_id NOT IN (SELECT id FROM dispatch_product);
INSERT INTO outcome SELECT 'discounts', x.id, pg_temp.ends(r.reason), r.reason FROM dispatch_discount x LEFT JOIN outcome f ON f.entity = 'offers' AND f.id = x.offer_id,
    LATERAL pg_temp.via(true, f.outcome) AS r(reason);
INSERT INTO control
  SELECT entity, name || '.' || kind, sum(CASE WHEN hit THEN amount ELSE 0.00 END) FROM (
    SELECT 'payments' AS entity, id, v.name, v.amount FROM dispatch_payment, LATERAL (VALUES ('total', total_price), ('subtotal', subtotal_price), ('tax', tax_value), ('paid', paid_price),
        ('cancelled', CASE WHEN canceled THEN total_price ELSE 0.00 END), ('completed', CASE WHEN NOT canceled AND (paid OR free) THEN total_price ELSE 0.00 END),
        ('pending', CASE WHEN NOT canceled AND NOT paid AND NOT free THEN total_price ELSE 0.00 END)) v(name, amount)
    UNION ALL SELECT 'payment_operations', id, v.name, v.amount FROM dispatch_operation, LATERAL (VALUES ('payments', CASE WHEN type IS DISTINCT FROM 2 THEN price ELSE 0.00 END),
        ('refunds', CASE WHEN type = 2 THEN price ELSE 0.00 END)) v(name, amount)
    UNION ALL SELECT 'purchases', id, 'total', quantity * price FROM dispatch_purchase
    UNION ALL SELECT 'offers', id, 'amount', greatest(price_both, price_upper, price_lower) FROM dispatch_offer) m
  JOIN outcome o USING (entity, id), LATERAL (VALUES ('source', true), ('loaded', outcome = 'loaded'), ('held', outcome <> 'loaded')) v(kind, hit) GROUP BY 1, 2;
\endif

-- ---------------------------------------------------------------- how values are distributed over the rows that the target holds
SELECT :'what' = 'all' AS distribution \gset
\if :distribution
CREATE TEMP TABLE value (entity text, name text, value text, n bigint);
CREATE TEMP TABLE held AS SELECT entity, id, outcome, reason, survivor FROM outcome WHERE outcome IN ('loaded', 'adopted');  -- held by the target
CREATE INDEX ON held (entity, id);
CREATE TEMP TABLE known AS SELECT entity, id FROM pg_temp.found;  -- what a reference can find
CREATE INDEX ON known (entity, id);
ANALYZE held; ANALYZE known;
CREATE FUNCTION pg_temp.is(entity text, id int) RETURNS text LANGUAGE sql STABLE AS $$ SELECT CASE WHEN EXISTS (SELECT FROM known k WHERE k.entity = $1 AND k.id = $2) THEN 'set' ELSE 'null' END $$;
CREATE FUNCTION pg_temp.given(x anyelement) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT CASE WHEN x IS NULL THEN 'null' ELSE 'set' END $$;
CREATE FUNCTION pg_temp.word(x text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT CASE WHEN lower(btrim(x)) NOT IN ('', 'null') THEN 'set' ELSE 'null' END $$;
CREATE TEMP TABLE kind AS
  SELECT p.id, CASE WHEN p.is_doctor THEN 'doctor' WHEN g.names && '{Technician}' THEN 'technician' WHEN g.names && '{Master}' THEN 'master' WHEN g.names && '{Sales}' THEN 'sales_person'
      WHEN g.names && '{Administrator}' THEN 'admin' WHEN g.names && '{Patient}' OR c.user_id IS NOT NULL THEN 'patient' WHEN u.is_superuser OR u.is_staff THEN 'admin' ELSE 'client' END AS kind
  FROM person p JOIN auth_user u USING (id) LEFT JOIN (SELECT DISTINCT user_id FROM dispatch_patient) c ON c.user_id = p.id
    LEFT JOIN (SELECT ug.user_id, array_agg(g.name::text) AS names FROM auth_user_groups ug JOIN auth_group g ON g.id = ug.group_id GROUP BY 1) g ON g.user_id = p.id;
INSERT INTO value SELECT 'offices', v.name, v.value, count(*) FROM held h JOIN dispatch_office o USING (id), LATERAL (VALUES
    ('country', CASE WHEN upper(btrim(country)) IN ('US', 'USA', 'UNITED STATES') THEN 'US' WHEN country IN ('Japan', 'Philippines') THEN upper(left(country, 1)) || CASE country WHEN 'Japan' THEN 'P' ELSE 'H' END
       WHEN country = 'Vietnam' THEN 'VN' WHEN country = 'Singapore' THEN 'SG' WHEN country = 'New Zealand' THEN 'NZ' ELSE upper(left(country, 2)) END),
    ('is_active', (valid IS TRUE)::text), ('tax_rate', pg_temp.given(nullif(tax_rate < 0 OR tax_rate >= 99.995, true)))) v(name, value) WHERE h.entity = 'offices' GROUP BY 2, 3;
INSERT INTO value SELECT 'profiles', v.name, v.value, count(*) FROM held h JOIN auth_user u USING (id) JOIN kind k USING (id), LATERAL (VALUES ('profile_type', k.kind), ('first_name', pg_temp.word(first_name)),
    ('last_name', pg_temp.word(last_name)), ('email', CASE WHEN lower(btrim(email)) ~ '^[a-z0-9.!#$%&''*+/=?^_{|}~-]+@[a-z0-9-]+(\.[a-z0-9-]+)+$' THEN 'set' ELSE 'null' END)) v(name, value)
  WHERE h.entity = 'profiles' GROUP BY 2, 3;
INSERT INTO value SELECT 'doctors', v.name, v.value, count(*) FROM held h JOIN auth_user u USING (id), LATERAL (VALUES ('status', CASE WHEN is_active THEN 'active' ELSE 'inactive' END),
    ('primary_office_id', CASE WHEN EXISTS (SELECT FROM dispatch_office_doctors d JOIN dispatch_office o ON o.id = d.office_id WHERE d.user_id = u.id) THEN 'set' ELSE 'null' END)) v(name, value)
  WHERE h.entity = 'doctors' GROUP BY 2, 3;
INSERT INTO value SELECT 'patients', v.name, v.value, count(*) FROM held h JOIN dispatch_patient p USING (id), LATERAL (VALUES ('sex', coalesce((ARRAY['male', 'female'])[sex], 'unknown')),
    ('status', CASE WHEN archived THEN 'archived' WHEN suspended THEN 'on_hold' ELSE 'active' END), ('date_of_birth', CASE WHEN birthdate BETWEEN '1900-01-01' AND '2100-12-31' THEN 'set' ELSE 'null' END),
    ('primary_doctor_id', pg_temp.is('doctors', doctor_id)), ('assigned_office_id', pg_temp.is('offices', office_id)), ('suffix', pg_temp.given(nullif(btrim(suffix), '')))) v(name, value)
  WHERE h.entity = 'patients' GROUP BY 2, 3;
INSERT INTO value SELECT 'orders', v.name, v.value, count(*) FROM held h JOIN dispatch_instruction i USING (id) JOIN dispatch_patient p ON p.id = i.patient_id LEFT JOIN dispatch_course c ON c.id = i.course_id, LATERAL (VALUES
    ('status', (ARRAY['no_product', 'submitted', 'approved', 'in_production', 'shipped', 'add_plan', 'on_hold', 'cancelled'])[i.status + 1]), ('deleted', deleted::text),
    ('course', (ARRAY['main', 'refinement', 'any', 'replacement', 'invoice', 'merchandise'])[c.type]), ('doctor_id', pg_temp.is('doctors', p.doctor_id)),
    ('office_id', pg_temp.is('offices', p.office_id)), ('suffix', pg_temp.word(i.suffix)), ('order_number', CASE WHEN btrim(p.suffix) = '' THEN 'without suffix' ELSE 'with suffix' END)) v(name, value)
  WHERE h.entity = 'orders' GROUP BY 2, 3;
INSERT INTO value SELECT 'projects', v.name, v.value, count(*) FROM held h JOIN dispatch_project p USING (id), LATERAL (VALUES
    ('project_type', CASE type WHEN 0 THEN 'stl_upper' WHEN 3 THEN 'treatment_plan' WHEN 10 THEN 'simulation' WHEN 11 THEN 'aligner_design' ELSE 'other' END),
    ('status', (ARRAY['draft', 'in_review', 'approved', 'in_progress', 'completed', 'archived', 'deleted'])[status + 1]), ('creator_id', pg_temp.is('profiles', creator_id))) v(name, value)
  WHERE h.entity = 'projects' GROUP BY 2, 3;
INSERT INTO value SELECT 'treatment_plans', v.name, v.value, count(*) FROM held h JOIN dispatch_plan pl USING (id) LEFT JOIN dispatch_instruction i ON i.id = pl.instruction_id LEFT JOIN dispatch_patient p ON p.id = i.patient_id,
  LATERAL (VALUES ('treatment_type', CASE WHEN original THEN 'initial_treatment' ELSE 'revision' END), ('order_id', pg_temp.is('orders', pl.instruction_id)), ('patient_id', pg_temp.is('patients', i.patient_id)),
    ('doctor_id', pg_temp.is('doctors', p.doctor_id)), ('plan_name', pg_temp.given(nullif(btrim(name), '')))) v(name, value) WHERE h.entity = 'treatment_plans' GROUP BY 2, 3;
INSERT INTO value SELECT 'files', v.name, v.value, count(*) FROM held h JOIN dispatch_file f USING (id), LATERAL (VALUES
    ('mime_type', CASE WHEN ext IN ('.jpg', '.jpeg') THEN 'image/jpeg' WHEN ext IN ('.png', '.gif') THEN 'image/' || substr(ext, 2) WHEN ext = '.stl' THEN 'model/stl'
       WHEN ext IN ('.zip', '.pdf') THEN 'application/' || substr(ext, 2) WHEN ext = '.dcm' THEN 'application/dicom' WHEN ext = '.txt' THEN 'text/plain' ELSE 'application/octet-stream' END),
    ('size_bytes', CASE WHEN size >= 0 THEN 'set' ELSE 'null' END), ('product_id', CASE WHEN product_id IN (SELECT id FROM dispatch_product) THEN 'set' ELSE 'null' END)) v(name, value) WHERE h.entity = 'files' GROUP BY 2, 3;
INSERT INTO value SELECT 'tasks', v.name, v.value, count(*) FROM loaded_task t LEFT JOIN known p ON p.entity = 'treatment_plans' AND p.id = t.plan_id LEFT JOIN known f ON f.entity = 'files' AND f.id = t.file_id
    LEFT JOIN known a ON a.entity = 'profiles' AND a.id = t.actor_id LEFT JOIN known m ON m.entity = 'templates' AND m.id = t.template_id, LATERAL (VALUES
    ('status', CASE WHEN checked AND isfinite(done_at) THEN 'completed' WHEN checked THEN 'in_progress' ELSE 'pending' END), ('assigned_to', pg_temp.given(a.id)), ('file_id', pg_temp.given(f.id)),
    ('treatment_plan_id', pg_temp.given(p.id)), ('template_id', pg_temp.given(m.id)), ('description', pg_temp.given(text))) v(name, value) GROUP BY 2, 3;
-- Texts byte for byte and their times, in the order of the legacy ids.
INSERT INTO value SELECT 'tasks', 'fingerprint', md5(string_agg(md5(concat(t.text, '|', extract(epoch FROM CASE WHEN isfinite(t.done_at) THEN t.done_at END))), '' ORDER BY id)), count(*) FROM held h JOIN dispatch_task t USING (id) WHERE h.entity = 'tasks';
\if :full
INSERT INTO value SELECT 'doctor_offices', 'is_primary', (x.office_id = first)::text, count(*) FROM held h JOIN dispatch_office_doctors x USING (id)
    JOIN LATERAL (SELECT min(o.id) AS first FROM dispatch_office_doctors y JOIN dispatch_office o ON o.id = y.office_id WHERE y.user_id = x.user_id) f ON true WHERE h.entity = 'doctor_offices' GROUP BY 3;
INSERT INTO value SELECT 'technician_roles', 'technician_type', CASE abbrev WHEN 'DT' THEN 'designing' WHEN 'MT' THEN 'manufacturing' WHEN 'DTR' THEN 'remote' WHEN 'SV' THEN 'master' WHEN 'QC' THEN 'quality_control' ELSE 'sectioning' END,
    count(*) FROM held h JOIN dispatch_role r USING (id) WHERE h.entity = 'technician_roles' GROUP BY 3;
INSERT INTO value SELECT 'cases', v.name, v.value, count(*) FROM held h JOIN dispatch_patient p USING (id), LATERAL (VALUES ('deleted', (coalesce(archived, false) OR suspended)::text), ('status',
    (ARRAY['consultation', 'diagnosis', 'treatment_plan', 'active', 'refinement', 'retention', 'completed', 'cancelled', 'on_hold', 'transferred', 'revision'])[coalesce(status, 1)])) v(name, value)
  WHERE h.entity = 'cases' GROUP BY 2, 3;
INSERT INTO value SELECT 'order_states', 'status_code and is_on', concat(status, ' ', "on"), count(*) FROM held h JOIN dispatch_state s USING (id) WHERE h.entity = 'order_states' GROUP BY 3;
INSERT INTO value SELECT 'case_states', 'state', (ARRAY['treatment_active', 'case_closed'])[status - 10], count(*) FROM held h JOIN dispatch_state s USING (id) WHERE h.entity = 'case_states' GROUP BY 3;
INSERT INTO value SELECT 'jaws', v.name, v.value, count(*) FROM held h JOIN dispatch_jaw j USING (id), LATERAL (VALUES ('jaw_type', CASE WHEN EXISTS (SELECT FROM dispatch_instruction i WHERE i.upper_jaw_id = j.id) THEN 'upper' ELSE 'lower' END),
    ('replacement_reason', (ARRAY['breakage', 'complete', 'other'])[j.reason]), ('product_id', pg_temp.is('products', product_id))) v(name, value) WHERE h.entity = 'jaws' GROUP BY 2, 3;
INSERT INTO value SELECT 'order_files', 'category', CASE WHEN ext IN ('.stl', '.ply') THEN 'scan' WHEN ext IN ('.jpg', '.png') THEN CASE WHEN name LIKE '%\_full.jpg%' THEN 'final_package' ELSE 'image' END
    WHEN ext = '.pdf' THEN 'document' WHEN ext = '.zip' THEN 'package' WHEN type IN (6, 7) THEN 'scan' WHEN type = 8 THEN 'image' ELSE 'other' END, count(*)
  FROM held h JOIN dispatch_file f USING (id) WHERE h.entity = 'order_files' GROUP BY 3;
INSERT INTO value SELECT 'message_attachments', 'of', CASE WHEN group_id IS NULL THEN 'message' ELSE 'team' END, count(*) FROM held h JOIN dispatch_file f USING (id) JOIN dispatch_record r ON r.id = f.record_id
  WHERE h.entity = 'message_attachments' GROUP BY 3;
INSERT INTO value SELECT 'messages', v.name, v.value, count(*) FROM held h JOIN dispatch_record r USING (id) JOIN django_content_type ct ON ct.id = r.target_type_id, LATERAL (VALUES
    ('message_type', (ARRAY['support', 'general', 'clinical_note', 'notification', NULL, 'status_update'])[type - 2]), ('target_kind', CASE model WHEN 'patient' THEN 'patient' WHEN 'user' THEN 'profile' ELSE 'order' END),
    ('sender_id', pg_temp.is('profiles', author_id)), ('is_public', (public IS TRUE)::text)) v(name, value) WHERE h.entity = 'messages' GROUP BY 2, 3;
INSERT INTO value SELECT 'team_communications', v.name, v.value, count(*) FROM held h JOIN dispatch_record r USING (id) LEFT JOIN django_content_type ct ON ct.id = r.target_type_id, LATERAL (VALUES
    ('communication_type', (ARRAY['team_announcement', NULL, 'status_update', 'production_note', NULL, 'quality_check'])[type - 2]), ('visibility', CASE WHEN public THEN 'organization' ELSE 'team' END),
    ('patient_id', CASE WHEN model = 'patient' THEN pg_temp.is('patients', target_id) ELSE 'null' END)) v(name, value) WHERE h.entity = 'team_communications' GROUP BY 2, 3;
INSERT INTO value SELECT 'comments', v.name, v.value, count(*) FROM held h JOIN dispatch_comment c USING (id) JOIN thread t USING (plan_id), LATERAL (VALUES
    ('parent_comment_id', CASE WHEN root <> c.id AND EXISTS (SELECT FROM held r WHERE r.entity = 'comments' AND r.id = root) THEN 'set' ELSE 'null' END), ('author_id', pg_temp.is('profiles', author_id))) v(name, value)
  WHERE h.entity = 'comments' GROUP BY 2, 3;
INSERT INTO value SELECT 'notes', 'author_id', pg_temp.is('profiles', author_id), count(*) FROM held h JOIN dispatch_note x USING (id) WHERE h.entity = 'notes' GROUP BY 3;
INSERT INTO value SELECT 'case_messages', v.name, v.value, count(*) FROM held h JOIN dispatch_comment c USING (id) LEFT JOIN kind k ON k.id = c.author_id, LATERAL (VALUES ('requires_response', (text ~ '[?？]')::text),
    ('message_type', CASE WHEN k.kind IS NULL OR k.kind = 'technician' THEN 'clinical_note' WHEN k.kind = 'doctor' THEN 'doctor_response' WHEN k.kind IN ('patient', 'client') THEN 'patient_question' ELSE 'treatment_update' END)) v(name, value)
  WHERE h.entity = 'case_messages' GROUP BY 2, 3;
INSERT INTO value SELECT 'customer_feedback', v.name, v.value, count(*) FROM held h LEFT JOIN dispatch_record r ON r.id = h.id LEFT JOIN dispatch_comment c ON c.id = -h.id, LATERAL (VALUES ('source', CASE WHEN h.id > 0 THEN 'message' ELSE 'comment' END),
    ('feedback_type', CASE WHEN coalesce(r.text, c.text) ~* '\m(complaint|refund)\M' THEN 'complaint' WHEN coalesce(r.text, c.text) ~* '\m(defect|broken|wrong|late)\M' THEN 'quality_issue'
       WHEN coalesce(r.text, c.text) ~* '\msuggest\M' THEN 'suggestion' ELSE 'compliment' END)) v(name, value) WHERE h.entity = 'customer_feedback' GROUP BY 2, 3;
INSERT INTO value SELECT 'system_messages', v.name, v.value, count(*) FROM held h JOIN dispatch_notification n USING (id) LEFT JOIN django_content_type ct ON ct.id = n.item_type_id LEFT JOIN known r ON r.entity = 'profiles' AND r.id = n.recipient_id
    LEFT JOIN known i ON i.entity = CASE ct.model WHEN 'instruction' THEN 'orders' WHEN 'patient' THEN 'patients' END AND i.id = n.item_id, LATERAL (VALUES ('recipient_id', pg_temp.given(r.id)),
    ('item_kind', ct.app_label || '.' || ct.model), ('order_id', pg_temp.given(CASE i.entity WHEN 'orders' THEN 1 END)), ('patient_id', pg_temp.given(CASE i.entity WHEN 'patients' THEN 1 END))) v(name, value)
  WHERE h.entity = 'system_messages' GROUP BY 2, 3;
INSERT INTO value SELECT 'payments', v.name, v.value, count(*) FROM held h JOIN dispatch_payment p USING (id), LATERAL (VALUES ('status', CASE WHEN canceled THEN 'cancelled' WHEN paid OR free THEN 'completed' ELSE 'pending' END),
    ('doctor_id', pg_temp.is('doctors', doctor_id)), ('office_id', pg_temp.is('offices', office_id)), ('custom_amount', pg_temp.given(nullif(custom_price, 'NaN')))) v(name, value) WHERE h.entity = 'payments' GROUP BY 2, 3;
INSERT INTO value SELECT 'payment_operations', 'operation_type', CASE type WHEN 2 THEN 'refund' ELSE 'payment' END, count(*) FROM held h JOIN dispatch_operation p USING (id) WHERE h.entity = 'payment_operations' GROUP BY 3;
INSERT INTO value SELECT 'offers', 'product_id', pg_temp.is('products', product_id), count(*) FROM held h JOIN dispatch_offer o USING (id) WHERE h.entity = 'offers' GROUP BY 3;
INSERT INTO value SELECT 'messages', 'fingerprint', md5(string_agg(md5(concat(t.text, '|', extract(epoch FROM t.created_at))), '' ORDER BY id)), count(*) FROM held h JOIN dispatch_record t USING (id) WHERE h.entity = 'messages';
INSERT INTO value SELECT 'team_communications', 'fingerprint', md5(string_agg(md5(concat(t.text, '|', extract(epoch FROM t.created_at))), '' ORDER BY id)), count(*) FROM held h JOIN dispatch_record t USING (id) WHERE h.entity = 'team_communications';
INSERT INTO value SELECT 'comments', 'fingerprint', md5(string_agg(md5(concat(t.text, '|', extract(epoch FROM t.created_at))), '' ORDER BY id)), count(*) FROM held h JOIN dispatch_comment t USING (id) WHERE h.entity = 'comments';
INSERT INTO value SELECT 'notes', 'fingerprint', md5(string_agg(md5(concat(t.text, '|', extract(epoch FROM t.created_at))), '' ORDER BY id)), count(*) FROM held h JOIN dispatch_note t USING (id) WHERE h.entity = 'notes';
\endif
SELECT entity, 'distribution', concat(name, '=', coalesce(value, 'null')), n FROM value;
\endif

-- ---------------------------------------------------------------- the lines
SELECT entity, measure, name, value FROM (
  SELECT o.entity, 'ledger' AS measure, v.name, count(*) FILTER (WHERE v.name IN ('read', o.outcome))::text AS value
    FROM outcome o, (VALUES ('read'), ('adopted'), ('loaded'), ('merged'), ('filtered'), ('quarantined')) v(name) GROUP BY 1, 2, 3
  UNION ALL SELECT entity, CASE outcome WHEN 'filtered' THEN 'filter' ELSE 'reason' END, reason, count(*)::text FROM outcome WHERE reason IS NOT NULL GROUP BY 1, 2, 3
  UNION ALL SELECT entity, 'incident', name, n::text FROM incident WHERE n > 0
  UNION ALL SELECT entity, 'control', name, value::text FROM control) l
WHERE name <> 'adopted' OR value <> '0'
ORDER BY entity, measure, name;
