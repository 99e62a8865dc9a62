-- What an earlier, half-done load left in the target: offices, categories and profiles, and its id map. Runs in the legacy
-- database (reads only, temporary views apart) and writes one COPY file a table into :dir.
-- The columns hold what the mapping gives; the keys do not follow its rule (md5 of 'adopted|<entity>|<legacy id>'), so that a
-- tool that mints them again instead of adopting is found out.
-- The earlier load's clock stands still: nothing it wrote is of today.
-- psql variables: dir, newest (the users that the earlier load did not know, by highest id).
CREATE FUNCTION pg_temp.adopted(entity text, id int) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$ SELECT md5('adopted|' || entity || '|' || id)::uuid $$;
CREATE FUNCTION pg_temp.then() RETURNS timestamptz LANGUAGE sql IMMUTABLE AS $$ SELECT timestamptz '2025-10-15 00:00:00+00' $$;
CREATE FUNCTION pg_temp.clean(x text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT CASE WHEN lower(btrim(x)) NOT IN ('', 'null') THEN btrim(x) END $$;
CREATE FUNCTION pg_temp.is_email(x text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT x ~ '^[a-z0-9.!#$%&''*+/=?^_{|}~-]+@[a-z0-9-]+(\.[a-z0-9-]+)+$' $$;

-- ---------------------------------------------------------------- offices: the smallest id of equal ones stands for all
CREATE TEMP TABLE office AS
  SELECT o.*, min(id) OVER (PARTITION BY CASE WHEN btrim(coalesce(name, '')) = '' OR btrim(coalesce(address, '')) = '' THEN id END, lower(regexp_replace(btrim(name), '\s+', ' ', 'g')),
    lower(regexp_replace(btrim(address), '\s+', ' ', 'g')), lower(btrim(city)), lower(btrim(state)), lower(btrim(zip))) AS survivor
  FROM dispatch_office o;
\o :dir/offices
COPY (SELECT pg_temp.adopted('offices', id) AS id, coalesce(nullif(regexp_replace(btrim(name), '\s+', ' ', 'g'), ''), 'Office ' || id) AS name, pg_temp.clean(address) AS address,
    pg_temp.clean(apt) AS apartment, pg_temp.clean(city) AS city, pg_temp.clean(state) AS state, pg_temp.clean(zip) AS zip_code,
    CASE lower(btrim(country)) WHEN 'usa' THEN 'US' WHEN 'united states' THEN 'US' WHEN 'us' THEN 'US' WHEN 'india' THEN 'IN' WHEN 'japan' THEN 'JP' WHEN 'thailand' THEN 'TH'
      WHEN 'vietnam' THEN 'VN' WHEN 'australia' THEN 'AU' WHEN 'philippines' THEN 'PH' WHEN 'singapore' THEN 'SG' WHEN 'france' THEN 'FR' WHEN 'new zealand' THEN 'NZ' END AS country,
    pg_temp.clean(phone) AS phone, CASE WHEN tax_rate >= 0 AND tax_rate < 99.995 THEN round(CASE WHEN tax_rate >= 1 THEN tax_rate / 100 ELSE tax_rate END, 4) END AS tax_rate,
    pg_temp.clean(sq_customer_id) AS processor_customer_id, coalesce(valid, false) AS is_active, emails AS email_notifications, id AS legacy_office_id,
    CASE WHEN tax_rate < 0 OR tax_rate >= 99.995 THEN jsonb_build_object('legacy_tax_rate', tax_rate::text) ELSE '{}' END AS metadata,
    pg_temp.then() AS updated_at
  FROM office WHERE survivor = id ORDER BY office.id) TO STDOUT;

-- ---------------------------------------------------------------- categories: no parent where there is none, or where it is a descendant
CREATE TEMP TABLE ancestor AS
  WITH RECURSIVE up(id, ancestor) AS (SELECT id, parent_id FROM dispatch_category UNION SELECT up.id, c.parent_id FROM up JOIN dispatch_category c ON c.id = up.ancestor) SELECT * FROM up;
\o :dir/categories
COPY (SELECT pg_temp.adopted('categories', c.id) AS id, c.name, CASE WHEN EXISTS (SELECT FROM ancestor a WHERE a.id = c.id AND a.ancestor = c.id) THEN NULL
      ELSE (SELECT pg_temp.adopted('categories', p.id) FROM dispatch_category p WHERE p.id = c.parent_id) END AS parent_id, c.id AS display_order, c.id AS legacy_category_id,
    pg_temp.then() AS updated_at
  FROM dispatch_category c ORDER BY c.id) TO STDOUT;

-- ---------------------------------------------------------------- profiles: accounts of one doctor are one person
CREATE TEMP TABLE account AS
  WITH doc AS (
    SELECT ug.user_id FROM auth_user_groups ug JOIN auth_group g ON g.id = ug.group_id WHERE g.name = 'Doctor'
    UNION SELECT user_id FROM dispatch_doctorsetting UNION SELECT user_id FROM dispatch_office_doctors UNION SELECT doctor_id FROM dispatch_patient WHERE doctor_id IS NOT NULL
  ), base AS (
    SELECT u.*, lower(btrim(u.email)) AS mail, u.id IN (SELECT user_id FROM doc) AS is_doctor, (SELECT count(*) FROM dispatch_patient p WHERE p.doctor_id = u.id) AS patients,
      u.email ~* '(^|[^a-z])(test|demo)([^a-z]|$)' OR u.username ~* '(^|[^a-z])(test|demo)([^a-z]|$)' OR lower(btrim(u.email)) LIKE '%@internal.example' AS is_test,
      ARRAY(SELECT g.name::text FROM auth_user_groups ug JOIN auth_group g ON g.id = ug.group_id WHERE ug.user_id = u.id) AS groups,
      row_number() OVER (ORDER BY u.id DESC) <= :newest AS is_new
    FROM auth_user u)
  SELECT b.*, CASE WHEN mergeable THEN first_value(id) OVER (PARTITION BY mergeable, mail ORDER BY patients DESC, last_login DESC NULLS LAST, id) ELSE id END AS survivor,
    CASE WHEN is_doctor THEN 'doctor' WHEN 'Technician' = ANY (groups) THEN 'technician' WHEN 'Master' = ANY (groups) THEN 'master' WHEN 'Sales' = ANY (groups) THEN 'sales_person'
      WHEN 'Administrator' = ANY (groups) THEN 'admin' WHEN 'Patient' = ANY (groups) OR EXISTS (SELECT FROM dispatch_patient p WHERE p.user_id = b.id) THEN 'patient'
      WHEN is_superuser OR is_staff THEN 'admin' ELSE 'client' END AS kind
  FROM (SELECT base.*, is_doctor AND NOT is_test AND pg_temp.is_email(mail) AS mergeable FROM base) b;
\o :dir/profiles
COPY (SELECT pg_temp.adopted('profiles', id) AS id, kind AS profile_type, username, pg_temp.clean(first_name) AS first_name, pg_temp.clean(last_name) AS last_name,
    CASE WHEN pg_temp.is_email(lower(pg_temp.clean(email))) THEN lower(pg_temp.clean(email)) END AS email, password AS password_hash, is_active, is_staff, is_superuser,
    date_joined AS joined_at, CASE WHEN isfinite(last_login) THEN last_login END AS last_login_at, id AS legacy_user_id, pg_temp.then() AS updated_at
  FROM account WHERE survivor = id AND NOT is_new ORDER BY account.id) TO STDOUT;

-- ---------------------------------------------------------------- the map of the earlier load: singular names, kept as they are
\o :dir/migration_mappings
COPY (SELECT entity_type, legacy_id::text, new_id, pg_temp.then(), 'earlier' FROM (
  SELECT 'office', id, pg_temp.adopted('offices', survivor) FROM office
  UNION ALL SELECT 'profile', id, pg_temp.adopted('profiles', survivor) FROM account WHERE NOT is_new
  -- stale: two of the newest users, whose profiles were removed again
  UNION ALL (SELECT 'profile', id, md5('stale|' || id)::uuid FROM account WHERE is_new ORDER BY id LIMIT 2)
  -- misleading: under `patient` stand the profiles of the patients' users
  UNION ALL SELECT 'patient', p.id, pg_temp.adopted('profiles', a.survivor) FROM dispatch_patient p JOIN account a ON a.id = p.user_id AND NOT a.is_new
  ) m(entity_type, legacy_id, new_id) ORDER BY m.entity_type, m.legacy_id) TO STDOUT;
\o
