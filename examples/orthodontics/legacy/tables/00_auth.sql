-- Django's own tables: content types, groups, permissions, users, memberships.
INSERT INTO django_content_type (id, app_label, model)
SELECT 100 + (37 * (n - 1) + :seed) % 97, app, model
FROM (SELECT row_number() OVER (ORDER BY a.pos, m.pos) AS n, app, model
      FROM (VALUES (1, 'dispatch', 'action agent bracket category client client3d comment course discount doctorsetting event file globalsetting instance '
                    'instruction jaw language link master note notification offer office operation order patient payment plan product project purchase '
                    'reading record role state storage task template usersetting ware'),
                   (2, 'auth', 'permission group user'), (3, 'contenttypes', 'contenttype'), (4, 'sessions', 'session'), (5, 'admin', 'logentry')) a(pos, app, models),
           unnest(string_to_array(models, ' ')) WITH ORDINALITY AS m(model, pos)) t
ORDER BY 1;

INSERT INTO auth_group (id, name) VALUES (1, 'Patient'), (2, 'Doctor'), (3, 'Sales'), (4, 'Administrator'), (5, 'Master'),
  (6, 'Billing'), (7, 'Medical'), (8, 'Export'), (9, 'Support'), (11, 'Technician');

INSERT INTO auth_permission (id, name, content_type_id, codename)
SELECT 11 * n / 10, 'Can ' || verb || ' ' || model, id, verb || '_' || model
FROM (SELECT row_number() OVER (ORDER BY c.id, v.pos) AS n, c.id, c.model, v.verb
      FROM django_content_type c, unnest(ARRAY['add', 'change', 'delete', 'view']) WITH ORDINALITY AS v(verb, pos)) t;

-- Users. d counts inside the class; what the migration must repair or keep is planted among the patients' users (a8).
INSERT INTO auth_user (id, password, last_login, is_superuser, username, first_name, last_name, email, is_staff, is_active, date_joined)
SELECT u.id,
  'pbkdf2_sha256$216000$' || left(gen.md5('auth_user', k, 'salt'), 12) || '$' || gen.md5('auth_user', k, 'hash') || left(gen.md5('auth_user', k, 'more'), 12),
  CASE WHEN u.cls = 'a3' AND p.g IN (5, 6) THEN CASE p.m WHEN 4 THEN timestamptz '2025-01-04 00:00:00+00' WHEN 2 THEN timestamptz '2025-01-02 00:00:00+00' END
       WHEN u.cls = 'a3' AND p.g = 7 THEN NULL
       WHEN d % 3 <> 0 THEN gen.usr_at(ordinal) + interval '1 hour' * gen.rnd('auth_user', k, 'login', 5000) END,
  u.cls = 'a7' AND d = 8,
  CASE WHEN u.cls = 'a2' AND d % 4 = 3 THEN 'test_' || u.id ELSE 'u' || u.id END,
  CASE WHEN u.cls = 'a8' AND d % 70 = 40 THEN '' WHEN u.cls = 'a8' AND d % 70 BETWEEN 50 AND 53 THEN 'さくら' ELSE gen.name('auth_user', k, 'first', 2) END,
  CASE WHEN u.cls = 'a8' AND d % 70 = 41 AND d / 70 < gen.n_u6() THEN 'NULL' WHEN u.cls = 'a8' AND d % 70 BETWEEN 50 AND 53 THEN 'ひなた' ELSE gen.name('auth_user', k, 'last', 3) END,
  CASE u.cls
    WHEN 'a2' THEN CASE d % 4 WHEN 0 THEN 'test' || u.id || '@example.com' WHEN 1 THEN 'demo.user' || u.id || '@example.com' WHEN 2 THEN 'qa' || u.id || '@internal.example'
                     ELSE 'u' || u.id || '@clinic' || d % 200 || '.example.com' END
    WHEN 'a3' THEN CASE WHEN p.m % 2 = 0 THEN ' Group' || p.g || '.Clinic@Example.org ' ELSE 'group' || p.g || '.clinic@example.org' END
    WHEN 'a8' THEN CASE CASE WHEN d % 70 = 7 AND d / 70 >= gen.n_u3() OR d % 70 = 34 AND d / 70 >= gen.n_u5() THEN 0 ELSE d % 70 END
      WHEN 7 THEN CASE d / 70 % 4 WHEN 0 THEN 'p' || u.id || '.mail.example.net' WHEN 1 THEN 'p' || u.id || '@mail@example.net'
                    WHEN 2 THEN 'p ' || u.id || '@mail.example.net' ELSE 'p' || u.id || '@localhost' END
      WHEN 20 THEN 'family' || d / 70 || '@example.org' WHEN 21 THEN 'family' || d / 70 || '@example.org'
      WHEN 33 THEN '' WHEN 34 THEN 'null'
      WHEN 60 THEN 'o''p' || u.id || '@example.com' WHEN 61 THEN 'contesta' || u.id || '@testament.example.com'
      ELSE 'p' || u.id || '@mail' || d % 50 || '.example.net' END
    ELSE 'u' || u.id || '@clinic' || d % 200 || '.example.com' END,
  u.cls = 'a7' AND d IN (8, 9), d % 10 <> 9, gen.usr_at(ordinal)
FROM gen.rows('usr') u LEFT JOIN gen.duplicate p ON u.cls = 'a3' AND p.member = u.d
ORDER BY u.id;

INSERT INTO auth_user_groups (id, user_id, group_id)
SELECT (11 * n / 10)::int, user_id, group_id
FROM (SELECT row_number() OVER (ORDER BY rule.pos, u.k) AS n, u.id AS user_id, rule.group_id
      FROM (VALUES (1, 2, 'a1', 0, NULL), (2, 2, 'a2', 0, NULL), (3, 2, 'a3', 0, NULL), (4, 2, 'a4', 0, NULL), (5, 2, 'a8', -1, NULL),  -- Doctor
                   (6, 11, 'a4', 0, NULL), (7, 11, 'a6', 0, NULL),                                                                    -- Technician
                   (8, 5, 'a5', 0, NULL), (9, 5, 'a7', 0, 3), (10, 3, 'a7', 4, 7), (11, 4, 'a7', 8, 9),                               -- Master, Sales, Administrator
                   (12, 1, 'a8', 0, NULL), (13, 1, 'a9', 0, NULL),                                                                    -- Patient
                   (14, 7, 'a1', 0, 29), (15, 6, 'a1', 0, 19)) rule(pos, group_id, cls, lo, hi)                                       -- Medical, Billing
      JOIN gen.rows('usr') u ON u.cls = rule.cls
        AND CASE WHEN lo = -1 THEN u.d % 70 = 22 AND u.d / 70 < gen.size('73s3')  -- patients who are doctors as well
                 ELSE u.d >= lo AND u.d <= coalesce(hi, u.d) END) t;
ANALYZE auth_user;
