-- The lines of `compute` from what `etl run --json` printed (docs/json.md); the file is named by ETL_REPORT. Needs a server, no table.
\set QUIET on
\pset format unaligned
\pset fieldsep '\t'
\pset tuples_only on
\set report `cat "$ETL_REPORT"`
WITH report AS (SELECT :'report'::jsonb AS r), entity AS (SELECT e, e ->> 'name' AS name FROM report, jsonb_array_elements(r -> 'entities') e)
SELECT name, 'ledger', count, e ->> count FROM entity, unnest('{read,adopted,loaded,merged,filtered,quarantined}'::text[]) count WHERE count <> 'adopted' OR e ->> count <> '0'
UNION ALL SELECT name, 'reason', key, value FROM entity, jsonb_each_text(e -> 'reasons')
UNION ALL SELECT name, 'filter', key, value FROM entity, jsonb_each_text(e -> 'filters')
UNION ALL SELECT name, 'incident', concat(i ->> 'column', '.', i ->> 'code'), i ->> 'count' FROM entity, jsonb_array_elements(e -> 'incidents') i
UNION ALL SELECT c ->> 'entity', 'control', concat(c ->> 'name', '.', side), (CASE WHEN scale(v) < 2 THEN round(v, 2) ELSE v END)::text  -- a sum of no rows is 0, not 0.00
  FROM report, jsonb_array_elements(r -> 'controls') c, unnest('{source,loaded,held}'::text[]) side, LATERAL (SELECT (c ->> side)::numeric AS v) n
-- A difference that the validation found, and rows that are not finished, are lines that compute never has.
UNION ALL SELECT 'report', 'validation', 'differences', r ->> 'differences_found' FROM report WHERE coalesce(r ->> 'differences_found', '') <> '0'
UNION ALL SELECT 'report', 'validation', 'validated', r ->> 'validated' FROM report WHERE r -> 'validated' IS DISTINCT FROM 'true'
UNION ALL SELECT 'report', 'validation', concat('control ', c ->> 'entity', '.', c ->> 'name', ' equal'), c ->> 'equal' FROM report, jsonb_array_elements(r -> 'controls') c WHERE c -> 'equal' <> 'true'
UNION ALL SELECT name, 'ledger', 'pending', e ->> 'pending' FROM entity WHERE coalesce(e ->> 'pending', '0') <> '0';
