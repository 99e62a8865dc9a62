-- The lines of `compute --target`, asked of the target after a run (what=target), or how the values of its columns are
-- distributed (what=distribution), with a fingerprint of the texts, which verify.sql asks of the legacy database in the same words.
-- psql variables: what, full (on: every entity, off: the core chain), start (a or b).
\set QUIET on
\pset format unaligned
\pset fieldsep '\t'
\pset tuples_only on
SET client_min_messages = warning;
CREATE TEMP TABLE line (entity text, measure text, name text, value text);
SELECT :'what' = 'distribution' AS distribution \gset
\if :distribution
CREATE FUNCTION pg_temp.given(x anyelement) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT CASE WHEN x IS NULL THEN 'null' ELSE 'set' END $$;
INSERT INTO line SELECT 'offices', v.name, v.value, count(*) FROM offices, LATERAL (VALUES ('country', country::text), ('is_active', is_active::text), ('tax_rate', pg_temp.given(tax_rate))) v(name, value) GROUP BY 2, 3;
INSERT INTO line SELECT 'profiles', v.name, v.value, count(*) FROM profiles, LATERAL (VALUES ('profile_type', profile_type::text), ('first_name', pg_temp.given(first_name)), ('last_name', pg_temp.given(last_name)), ('email', pg_temp.given(email))) v(name, value) GROUP BY 2, 3;
INSERT INTO line SELECT 'doctors', v.name, v.value, count(*) FROM doctors, LATERAL (VALUES ('status', status::text), ('primary_office_id', pg_temp.given(primary_office_id))) v(name, value) GROUP BY 2, 3;
INSERT INTO line SELECT 'patients', v.name, v.value, count(*) FROM patients, LATERAL (VALUES ('sex', sex::text), ('status', status::text), ('date_of_birth', pg_temp.given(date_of_birth)), ('primary_doctor_id', pg_temp.given(primary_doctor_id)), ('assigned_office_id', pg_temp.given(assigned_office_id)), ('suffix', pg_temp.given(suffix))) v(name, value) GROUP BY 2, 3;
INSERT INTO line SELECT 'orders', v.name, v.value, count(*) FROM orders o LEFT JOIN courses c ON c.id = o.course_id, LATERAL (VALUES ('status', status::text), ('deleted', deleted::text), ('course', c.course_type::text), ('doctor_id', pg_temp.given(doctor_id)), ('office_id', pg_temp.given(office_id)), ('suffix', pg_temp.given(suffix)), ('order_number', CASE WHEN order_number LIKE 'NOSFX-%' THEN 'without suffix' ELSE 'with suffix' END)) v(name, value) GROUP BY 2, 3;
INSERT INTO line SELECT 'projects', v.name, v.value, count(*) FROM projects, LATERAL (VALUES ('project_type', project_type::text), ('status', status::text), ('creator_id', pg_temp.given(creator_id))) v(name, value) GROUP BY 2, 3;
INSERT INTO line SELECT 'treatment_plans', v.name, v.value, count(*) FROM treatment_plans, LATERAL (VALUES ('treatment_type', treatment_type::text), ('order_id', pg_temp.given(order_id)), ('patient_id', pg_temp.given(patient_id)), ('doctor_id', pg_temp.given(doctor_id)), ('plan_name', pg_temp.given(plan_name))) v(name, value) GROUP BY 2, 3;
INSERT INTO line SELECT 'files', v.name, v.value, count(*) FROM files, LATERAL (VALUES ('mime_type', mime_type::text), ('size_bytes', pg_temp.given(size_bytes)), ('product_id', pg_temp.given(product_id))) v(name, value) GROUP BY 2, 3;
INSERT INTO line SELECT 'tasks', v.name, v.value, count(*) FROM tasks, LATERAL (VALUES ('status', status::text), ('assigned_to', pg_temp.given(assigned_to)), ('file_id', pg_temp.given(file_id)), ('treatment_plan_id', pg_temp.given(treatment_plan_id)), ('template_id', pg_temp.given(template_id)), ('description', pg_temp.given(description))) v(name, value) GROUP BY 2, 3;
-- Texts byte for byte and their times, in the order of the legacy ids.
INSERT INTO line SELECT 'tasks', 'fingerprint', md5(string_agg(md5(concat(description, '|', extract(epoch FROM completed_at))), '' ORDER BY legacy_task_id)), count(*) FROM tasks;
\if :full
INSERT INTO line SELECT 'doctor_offices', v.name, v.value, count(*) FROM doctor_offices, LATERAL (VALUES ('is_primary', is_primary::text)) v(name, value) GROUP BY 2, 3;
INSERT INTO line SELECT 'technician_roles', v.name, v.value, count(*) FROM technician_roles, LATERAL (VALUES ('technician_type', technician_type::text)) v(name, value) GROUP BY 2, 3;
INSERT INTO line SELECT 'cases', v.name, v.value, count(*) FROM cases, LATERAL (VALUES ('deleted', deleted::text), ('status', status::text)) v(name, value) GROUP BY 2, 3;
INSERT INTO line SELECT 'order_states', v.name, v.value, count(*) FROM order_states, LATERAL (VALUES ('status_code and is_on', concat(status_code, ' ', is_on))) v(name, value) GROUP BY 2, 3;
INSERT INTO line SELECT 'case_states', v.name, v.value, count(*) FROM case_states, LATERAL (VALUES ('state', state::text)) v(name, value) GROUP BY 2, 3;
INSERT INTO line SELECT 'jaws', v.name, v.value, count(*) FROM jaws, LATERAL (VALUES ('jaw_type', jaw_type::text), ('replacement_reason', replacement_reason::text), ('product_id', pg_temp.given(product_id))) v(name, value) GROUP BY 2, 3;
INSERT INTO line SELECT 'order_files', v.name, v.value, count(*) FROM order_files, LATERAL (VALUES ('category', category::text)) v(name, value) GROUP BY 2, 3;
INSERT INTO line SELECT 'message_attachments', v.name, v.value, count(*) FROM message_attachments, LATERAL (VALUES ('of', CASE WHEN message_id IS NOT NULL THEN 'message' ELSE 'team' END)) v(name, value) GROUP BY 2, 3;
INSERT INTO line SELECT 'messages', v.name, v.value, count(*) FROM messages, LATERAL (VALUES ('message_type', message_type::text), ('target_kind', target_kind::text), ('sender_id', pg_temp.given(sender_id)), ('is_public', is_public::text)) v(name, value) GROUP BY 2, 3;
INSERT INTO line SELECT 'team_communications', v.name, v.value, count(*) FROM team_communications, LATERAL (VALUES ('communication_type', communication_type::text), ('visibility', visibility::text), ('patient_id', pg_temp.given(patient_id))) v(name, value) GROUP BY 2, 3;
INSERT INTO line SELECT 'comments', v.name, v.value, count(*) FROM (SELECT * FROM comments WHERE legacy_table = 'dispatch_comment') c, LATERAL (VALUES ('parent_comment_id', pg_temp.given(parent_comment_id)), ('author_id', pg_temp.given(author_id))) v(name, value) GROUP BY 2, 3;
INSERT INTO line SELECT 'notes', v.name, v.value, count(*) FROM (SELECT * FROM comments WHERE legacy_table = 'dispatch_note') c, LATERAL (VALUES ('author_id', pg_temp.given(author_id))) v(name, value) GROUP BY 2, 3;
INSERT INTO line SELECT 'case_messages', v.name, v.value, count(*) FROM case_messages, LATERAL (VALUES ('requires_response', requires_response::text), ('message_type', message_type::text)) v(name, value) GROUP BY 2, 3;
INSERT INTO line SELECT 'customer_feedback', v.name, v.value, count(*) FROM customer_feedback, LATERAL (VALUES ('source', CASE WHEN message_id IS NOT NULL THEN 'message' ELSE 'comment' END), ('feedback_type', feedback_type::text)) v(name, value) GROUP BY 2, 3;
INSERT INTO line SELECT 'system_messages', v.name, v.value, count(*) FROM system_messages, LATERAL (VALUES ('recipient_id', pg_temp.given(recipient_id)), ('item_kind', item_kind::text), ('order_id', pg_temp.given(order_id)), ('patient_id', pg_temp.given(patient_id))) v(name, value) GROUP BY 2, 3;
INSERT INTO line SELECT 'payments', v.name, v.value, count(*) FROM payments, LATERAL (VALUES ('status', status::text), ('doctor_id', pg_temp.given(doctor_id)), ('office_id', pg_temp.given(office_id)), ('custom_amount', pg_temp.given(custom_amount))) v(name, value) GROUP BY 2, 3;
INSERT INTO line SELECT 'payment_operations', v.name, v.value, count(*) FROM payment_operations, LATERAL (VALUES ('operation_type', operation_type::text)) v(name, value) GROUP BY 2, 3;
INSERT INTO line SELECT 'offers', v.name, v.value, count(*) FROM offers, LATERAL (VALUES ('product_id', pg_temp.given(product_id))) v(name, value) GROUP BY 2, 3;
INSERT INTO line SELECT 'messages', 'fingerprint', md5(string_agg(md5(concat(content, '|', extract(epoch FROM created_at))), '' ORDER BY legacy_record_id)), count(*) FROM messages;
INSERT INTO line SELECT 'team_communications', 'fingerprint', md5(string_agg(md5(concat(body, '|', extract(epoch FROM created_at))), '' ORDER BY legacy_record_id)), count(*) FROM team_communications;
INSERT INTO line SELECT 'comments', 'fingerprint', md5(string_agg(md5(concat(content, '|', extract(epoch FROM created_at))), '' ORDER BY legacy_id)), count(*) FROM comments WHERE legacy_table = 'dispatch_comment';
INSERT INTO line SELECT 'notes', 'fingerprint', md5(string_agg(md5(concat(content, '|', extract(epoch FROM created_at))), '' ORDER BY legacy_id)), count(*) FROM comments WHERE legacy_table = 'dispatch_note';
\endif
SELECT entity, 'distribution', concat(measure, '=', coalesce(name, 'null')), value FROM line;
\else
-- Entity, its table, a condition where several entities share the table, its keys in the map.
CREATE TEMP TABLE entity AS SELECT name, coalesce(tbl, name) AS tbl, coalesce(condition, 'true') AS condition, coalesce(keys, '%') AS keys, core FROM (
    SELECT name, NULL, NULL, NULL, true FROM unnest('{offices,categories,profiles,courses,products,doctors,projects,templates,files,patients,orders,treatment_plans,tasks}'::text[]) name
    UNION ALL SELECT name, NULL, NULL, NULL, false FROM unnest('{teams,roles,role_permissions,team_members,template_products,template_edit_roles,template_view_roles,template_view_groups,
      template_predecessors,doctor_offices,technicians,technician_roles,cases,order_cases,order_states,case_states,brackets,jaws,order_files,case_files,message_attachments,messages,team_communications,
      case_messages,customer_feedback,system_messages,payments,payment_operations,purchases,offers,discounts}'::text[]) name
    UNION ALL VALUES ('comments', 'comments', 'legacy_table = ''dispatch_comment''', 'comment:%', false), ('notes', 'comments', 'legacy_table = ''dispatch_note''', 'note:%', false)
  ) e(name, tbl, condition, keys, core) WHERE core OR :'full' = 'on';
DO $$ DECLARE e entity; BEGIN
  FOR e IN SELECT * FROM entity LOOP
    EXECUTE format('INSERT INTO line SELECT %L, ''target'', ''rows'', count(*) FROM %I WHERE %s', e.name, e.tbl, e.condition);
    -- A key that is in the map counts when its row is there.
    EXECUTE format('INSERT INTO line SELECT %L, ''target'', ''mapped'', count(*) FROM migration_mappings m JOIN %I t ON t.id = m.new_id WHERE m.entity_type = %L AND m.legacy_id LIKE %L', e.name, e.tbl, e.tbl, e.keys);
  END LOOP;
END $$;
INSERT INTO line
  SELECT 'doctors', 'target', 'sum of credit', coalesce(sum(credit), 0.00) FROM doctors UNION ALL SELECT 'orders', 'target', 'sum of amount', coalesce(sum(amount), 0.00) FROM orders;
INSERT INTO line SELECT v.entity, 'target', 'sum of ' || v.name, v.amount FROM
  (SELECT sum(total_amount) AS total, sum(subtotal_amount) AS subtotal, sum(tax_amount) AS tax, sum(paid_amount) AS paid, sum(total_amount) FILTER (WHERE status = 'completed') AS completed,
     sum(total_amount) FILTER (WHERE status = 'cancelled') AS cancelled, sum(total_amount) FILTER (WHERE status = 'pending') AS pending FROM payments) p,
  (SELECT sum(amount) FILTER (WHERE operation_type = 'payment') AS payments, sum(amount) FILTER (WHERE operation_type = 'refund') AS refunds FROM payment_operations) op,
  (SELECT sum(total_amount) AS total FROM purchases) pu, (SELECT sum(offer_amount) AS amount FROM offers) o,
  LATERAL (VALUES ('payments', 'total', p.total), ('payments', 'subtotal', p.subtotal), ('payments', 'tax', p.tax), ('payments', 'paid', p.paid), ('payments', 'completed', p.completed),
    ('payments', 'cancelled', p.cancelled), ('payments', 'pending', p.pending), ('payment_operations', 'payments', op.payments), ('payment_operations', 'refunds', op.refunds),
    ('purchases', 'total', pu.total), ('offers', 'amount', o.amount)) v(entity, name, amount)
  WHERE :'full' = 'on';
UPDATE line SET value = '0.00' WHERE name LIKE 'sum of %' AND value IS NULL;
-- The map of the earlier load is as it was: singular names, its own batch and its own time.
INSERT INTO line SELECT 'migration_mappings', 'target', 'old ' || entity_type, count(*) FROM migration_mappings
  WHERE :'start' = 'a' AND entity_type IN ('office', 'profile', 'patient') AND migration_batch = 'earlier' AND migrated_at = '2025-10-15 00:00:00+00' GROUP BY entity_type;
SELECT entity, measure, name, value FROM line WHERE measure = 'target';
\endif
