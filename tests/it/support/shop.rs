//! A small migration that has everything in it once: self reference with a cycle, merge, unique, filters, references with each
//! outcome, rows that only the server refuses, duplicates that only a rebuilt constraint finds, control sums, several chunks.

use super::Migration;

/// The migration and what must come of it.
pub struct Shop {
    /// Databases and plan.
    pub migration: Migration,
}

const LEGACY: &str = r"
CREATE TABLE city (id int PRIMARY KEY, name text, parent_id int);
CREATE TABLE person (id int PRIMARY KEY, name text NOT NULL, mail text, city_id int, deleted boolean NOT NULL, credit numeric(10,2) NOT NULL);
CREATE TABLE item (id bigint PRIMARY KEY, person_id int, label text, price numeric, uid text, made timestamptz, kind int);
-- 1 and 2 are each other's parents, 3 is its own, 9 names nobody
INSERT INTO city SELECT n, 'city ' || n, CASE WHEN n = 1 THEN 2 WHEN n = 2 THEN 1 WHEN n = 3 THEN 3 WHEN n = 9 THEN 99 WHEN n > 10 THEN n - 10 END FROM generate_series(1, 40) n;
-- every 20th is deleted; 101 and 102 have the mail of 100, who is deleted, 111 and 112 that of 110; the city of every 50th is missing
INSERT INTO person SELECT n, 'person ' || n, CASE WHEN n IN (101, 102) THEN 'm100@example.org' WHEN n IN (111, 112) THEN 'm110@example.org' ELSE 'm' || n || '@example.org' END,
  CASE WHEN n % 50 = 7 THEN 4711 ELSE 1 + n % 40 END, n % 20 = 0, n * 1.25 FROM generate_series(1, 400) n;
-- person 70 is one that only the server refuses; its items go with it
UPDATE person SET name = 'forbidden' WHERE id = 70;
INSERT INTO item SELECT n, CASE WHEN n % 97 = 0 THEN NULL WHEN n % 89 = 0 THEN 100000 + n ELSE 1 + n % 400 END, 'item ' || n || repeat(' x', n % 30),
  CASE WHEN n % 501 = 0 THEN 'NaN' WHEN n % 333 = 0 THEN 123456789.99 ELSE (n % 1000) / 4.0 END,
  CASE WHEN n % 700 = 1 THEN 'nonsense' WHEN n IN (1500, 2500) THEN md5('i1400') ELSE md5('i' || n) END,
  CASE WHEN n % 11 = 0 THEN NULL ELSE timestamptz '2020-01-01 00:00Z' + n * interval '1 hour' END, CASE WHEN n % 600 = 5 THEN 9 ELSE n % 3 END
  FROM generate_series(1, 6000) n;
-- 3000 and 3001 have one label, which nothing but the target's unique index forbids
UPDATE item SET label = 'same' WHERE id IN (3000, 3001);
";

const TARGET: &str = r"
CREATE TYPE item_kind AS ENUM ('small', 'medium', 'large');
CREATE TABLE migration_mappings (entity_type text NOT NULL, legacy_id text NOT NULL, new_id uuid NOT NULL, migrated_at timestamptz NOT NULL DEFAULT now(),
  migration_batch text NOT NULL, PRIMARY KEY (entity_type, legacy_id));
CREATE INDEX migration_mappings_new ON migration_mappings (new_id);
CREATE TABLE cities (id uuid PRIMARY KEY, name varchar(100) NOT NULL, parent_id uuid REFERENCES cities, legacy_id int NOT NULL UNIQUE);
CREATE TABLE people (id uuid PRIMARY KEY, name text NOT NULL CHECK (name <> 'forbidden'), mail text, city_id uuid REFERENCES cities ON DELETE SET NULL,
  credit numeric(12,2) NOT NULL, legacy_id int NOT NULL UNIQUE, updated_at timestamptz NOT NULL DEFAULT now());
CREATE INDEX people_city ON people (city_id);
CREATE TABLE items (id uuid PRIMARY KEY, person_id uuid NOT NULL REFERENCES people ON DELETE CASCADE, label varchar(66) NOT NULL, price numeric(8,2),
  uid uuid NOT NULL UNIQUE, made timestamptz, kind item_kind NOT NULL, legacy_id bigint NOT NULL UNIQUE);
CREATE UNIQUE INDEX items_label ON items (label);
CREATE INDEX items_person ON items (person_id, made);
COMMENT ON INDEX items_person IS 'kept through the load';
";

const PLAN: &str = r#"
[migration]
name = "shop"
entities = ["entities/*.toml"]
namespace = "cfb876f9-4e6b-5f83-a236-2b37d70f3a41"
quarantine = "10%"

[source]
url = "${SOURCE_DATABASE_URL}"

[target]
url = "${TARGET_DATABASE_URL}"
mappings = "public.migration_mappings"

[codes.item_kind]
evidence = "the size chart on the wall"
0 = "small"
1 = "medium"
2 = "large"

[functions]
nan_to_null = { args = ["x"], expr = "case when x = 'NaN'::numeric then incident('NUMERIC_NAN', null) else x end" }
"#;

const CITIES: &str = r#"
target = "public.cities"
key = "id"
from = "city"
[columns]
id = "new_id()"
name = "name"
parent_id = "ref('cities', parent_id, on_missing => 'null', on_cycle => 'null')"
legacy_id = "id"
"#;

const PEOPLE: &str = r#"
target = "public.people"
key = "id"
from = "select p.*, min(id) over (partition by mail) as survivor from person p"
[merge]
into = "survivor"
[[filter]]
name = "deleted"
when = "deleted"
[columns]
id = "new_id()"
name = "name"
mail = "lower(btrim(mail))"
city_id = "ref('cities', city_id, on_missing => 'null')"
credit = "credit"
legacy_id = "id"
[control.credit]
source = "credit"
target = "credit"
"#;

const ITEMS: &str = r#"
target = "public.items"
key = "id"
from = "item"
[merge]
by = ["uid"]
[columns]
id = "new_id()"
person_id = "ref('people', person_id)"
label = "btrim(label)"
price = "nan_to_null(price)"
uid = "case when pg_input_is_valid(uid, 'uuid') then uid::uuid else reject('VALUE_FORMAT') end"
made = "made"
kind = "code('item_kind', kind)"
legacy_id = "id"
[control.price]
source = "case when price < 1000000 then price end"
target = "price"
"#;

/// The shop, ready to be migrated.
pub fn shop() -> Shop {
    let migration = Migration::new();
    migration.source.exec(LEGACY);
    migration.target.exec(TARGET);
    migration
        .file("etl.toml", PLAN)
        .file("entities/cities.toml", CITIES)
        .file("entities/people.toml", PEOPLE)
        .file("entities/items.toml", ITEMS);
    Shop { migration }
}
