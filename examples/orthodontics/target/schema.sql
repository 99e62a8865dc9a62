-- The re-modelled orthodontics schema: the target of the migration. PostgreSQL 15 or later, schema public.
-- `id uuid` is the key everywhere; business dates come from the source and never default to now(); `updated_at` is
-- technical and left out of every comparison; a column is nullable when the source cannot fill it.
CREATE TYPE profile_type AS ENUM ('patient','doctor','technician','master','sales_person','admin','client');  CREATE TYPE sex_type AS ENUM ('male','female','other','unknown');
CREATE TYPE doctor_status AS ENUM ('active','inactive');  CREATE TYPE patient_status AS ENUM ('active','on_hold','archived');
CREATE TYPE employment_status AS ENUM ('active','inactive');  CREATE TYPE course_type AS ENUM ('main','refinement','replacement','any','invoice','merchandise');
CREATE TYPE case_state_type AS ENUM ('treatment_active','case_closed');  CREATE TYPE task_status AS ENUM ('pending','in_progress','completed');
CREATE TYPE treatment_type AS ENUM ('initial_treatment','revision');  CREATE TYPE jaw_type AS ENUM ('upper','lower');
CREATE TYPE replacement_reason AS ENUM ('breakage','complete','other');  CREATE TYPE message_type AS ENUM ('support','general','clinical_note','notification','status_update');
CREATE TYPE message_target AS ENUM ('patient','profile','order');  CREATE TYPE visibility_type AS ENUM ('organization','team');
CREATE TYPE comment_type AS ENUM ('treatment_discussion','doctor_note');  CREATE TYPE order_file_category AS ENUM ('scan','image','document','package','final_package','other');
CREATE TYPE payment_status AS ENUM ('pending','completed','cancelled');  CREATE TYPE operation_type AS ENUM ('payment','refund');
CREATE TYPE feedback_type AS ENUM ('complaint','quality_issue','suggestion','compliment');  CREATE TYPE feedback_severity AS ENUM ('high','medium','low');
CREATE TYPE technician_type AS ENUM ('designing','manufacturing','sectioning','remote','master','quality_control');
CREATE TYPE order_status AS ENUM ('no_product','submitted','approved','in_production','shipped','add_plan','on_hold','cancelled');
CREATE TYPE case_status AS ENUM ('consultation','diagnosis','treatment_plan','active','refinement','retention','completed','cancelled','on_hold','transferred','revision');
CREATE TYPE project_type AS ENUM ('stl_upper','stl_lower','treatment_plan','simulation','aligner_design','clinical_photo','xray','cbct_scan','document','other');
CREATE TYPE project_status AS ENUM ('draft','in_review','approved','in_progress','completed','archived','deleted');
CREATE TYPE communication_type AS ENUM ('team_announcement','status_update','production_note','quality_check');
CREATE TYPE case_message_type AS ENUM ('clinical_note','patient_question','doctor_response','treatment_update');

CREATE TABLE migration_mappings (entity_type text NOT NULL, legacy_id text NOT NULL, new_id uuid NOT NULL, migrated_at timestamptz NOT NULL DEFAULT now(),
  migration_batch text NOT NULL, PRIMARY KEY (entity_type, legacy_id));
CREATE INDEX migration_mappings_new ON migration_mappings (new_id);   -- not unique: merged keys share one uuid

-- people and places
CREATE TABLE offices (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name varchar(200) NOT NULL, address text, apartment text, city text, state text, zip_code text,
  country char(2) CHECK (country ~ '^[A-Z]{2}$'), phone text, tax_rate numeric(5,4) CHECK (tax_rate BETWEEN 0 AND 0.9999), processor_customer_id text,
  is_active boolean NOT NULL, email_notifications boolean NOT NULL, legacy_office_id int UNIQUE, metadata jsonb NOT NULL DEFAULT '{}', updated_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE profiles (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), profile_type profile_type NOT NULL, username varchar(150) NOT NULL UNIQUE,
  first_name varchar(150) CHECK (first_name <> ''), last_name varchar(150) CHECK (last_name <> ''),
  email varchar(254) CONSTRAINT email_format CHECK (email ~ '^[a-z0-9.!#$%&''*+/=?^_{|}~-]+@[a-z0-9-]+(\.[a-z0-9-]+)+$'),
  password_hash varchar(128) NOT NULL, is_active boolean NOT NULL, is_staff boolean NOT NULL, is_superuser boolean NOT NULL,
  joined_at timestamptz NOT NULL, last_login_at timestamptz, legacy_user_id int UNIQUE, updated_at timestamptz NOT NULL DEFAULT now());
CREATE INDEX ON profiles (email);  CREATE INDEX ON profiles (profile_type);           -- e-mail is NOT unique: families share one
CREATE TABLE teams (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name varchar(150) NOT NULL UNIQUE, legacy_group_id int NOT NULL UNIQUE, updated_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE team_members (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), team_id uuid NOT NULL REFERENCES teams ON DELETE CASCADE, profile_id uuid NOT NULL REFERENCES profiles ON DELETE CASCADE,
  updated_at timestamptz NOT NULL DEFAULT now(), UNIQUE (team_id, profile_id));
CREATE TABLE doctors (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), profile_id uuid NOT NULL UNIQUE REFERENCES profiles ON DELETE RESTRICT, doctor_number varchar(20) NOT NULL UNIQUE,
  status doctor_status NOT NULL, primary_office_id uuid REFERENCES offices ON DELETE SET NULL, processor_customer_id text, credit numeric(12,2) NOT NULL DEFAULT 0, tier_type smallint, tier_ends_on date,
  promised_payment boolean NOT NULL DEFAULT false, installment_payments boolean NOT NULL DEFAULT false, company_account boolean NOT NULL DEFAULT false, baa_agreed_at timestamptz, eula_agreed_at timestamptz,
  clinical_preferences jsonb NOT NULL DEFAULT '{}', joined_at timestamptz NOT NULL, legacy_user_id int NOT NULL UNIQUE, updated_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE doctor_offices (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), doctor_id uuid NOT NULL REFERENCES doctors ON DELETE CASCADE, office_id uuid NOT NULL REFERENCES offices ON DELETE CASCADE,
  is_primary boolean NOT NULL, legacy_office_doctor_id int NOT NULL UNIQUE, updated_at timestamptz NOT NULL DEFAULT now(), UNIQUE (doctor_id, office_id));
CREATE UNIQUE INDEX doctor_offices_one_primary ON doctor_offices (doctor_id) WHERE is_primary;
CREATE TABLE technicians (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), profile_id uuid NOT NULL UNIQUE REFERENCES profiles ON DELETE RESTRICT, employee_id varchar(50) NOT NULL UNIQUE,
  status employment_status NOT NULL, joined_at timestamptz NOT NULL, legacy_user_id int NOT NULL UNIQUE, updated_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE patients (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), profile_id uuid NOT NULL UNIQUE REFERENCES profiles ON DELETE RESTRICT, patient_number varchar(20) NOT NULL UNIQUE, suffix varchar(10),
  sex sex_type NOT NULL, date_of_birth date CHECK (date_of_birth BETWEEN '1900-01-01' AND '2100-12-31'), primary_doctor_id uuid REFERENCES doctors ON DELETE SET NULL,
  assigned_office_id uuid REFERENCES offices ON DELETE SET NULL, status patient_status NOT NULL, archived boolean NOT NULL, suspended boolean NOT NULL, schemes jsonb NOT NULL DEFAULT '{}',
  enrolled_at timestamptz, source_updated_at timestamptz, legacy_patient_id int NOT NULL UNIQUE, updated_at timestamptz NOT NULL DEFAULT now());
CREATE INDEX ON patients (primary_doctor_id);  CREATE INDEX ON patients (assigned_office_id);
-- catalogue
CREATE TABLE categories (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name varchar(100) NOT NULL, parent_id uuid REFERENCES categories ON DELETE SET NULL, display_order int NOT NULL,
  legacy_category_id int UNIQUE, updated_at timestamptz NOT NULL DEFAULT now(), CHECK (parent_id <> id));
CREATE TABLE courses (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name varchar(100) NOT NULL, course_type course_type NOT NULL, customization jsonb NOT NULL DEFAULT '{}', legacy_course_id int NOT NULL UNIQUE,
  updated_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE products (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), course_id uuid NOT NULL REFERENCES courses ON DELETE RESTRICT, name varchar(150) NOT NULL, description text, product_kind smallint,
  is_free boolean NOT NULL, is_substitute boolean NOT NULL, is_active boolean NOT NULL, customization jsonb NOT NULL DEFAULT '{}', legacy_product_id int NOT NULL UNIQUE, updated_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE roles (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), team_id uuid REFERENCES teams ON DELETE SET NULL, profile_id uuid REFERENCES profiles ON DELETE SET NULL, name varchar(100) NOT NULL,
  abbreviation varchar(20) NOT NULL, role_kind int NOT NULL, display_order int NOT NULL, legacy_role_id int NOT NULL UNIQUE, updated_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE role_permissions (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), role_id uuid NOT NULL REFERENCES roles ON DELETE CASCADE, app_label varchar(100) NOT NULL, resource varchar(100) NOT NULL,
  codename varchar(100) NOT NULL, permission_name varchar(255) NOT NULL, legacy_role_permission_id int NOT NULL UNIQUE, updated_at timestamptz NOT NULL DEFAULT now(), UNIQUE (role_id, app_label, codename));
CREATE TABLE technician_roles (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), technician_id uuid NOT NULL REFERENCES technicians ON DELETE CASCADE, role_id uuid NOT NULL REFERENCES roles ON DELETE CASCADE,
  technician_type technician_type NOT NULL, legacy_role_id int NOT NULL UNIQUE, updated_at timestamptz NOT NULL DEFAULT now(), UNIQUE (technician_id, role_id));
CREATE TABLE templates (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), category_id uuid REFERENCES categories ON DELETE SET NULL, name varchar(150) NOT NULL, action_name varchar(150) NOT NULL,
  function_name varchar(150) NOT NULL, is_active boolean NOT NULL, duration_minutes int, predefined boolean NOT NULL, read_only boolean NOT NULL, extensions text, alerts boolean NOT NULL, separate boolean NOT NULL,
  legacy_template_id int NOT NULL UNIQUE, updated_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE template_products (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), template_id uuid NOT NULL REFERENCES templates ON DELETE CASCADE, product_id uuid NOT NULL REFERENCES products ON DELETE CASCADE,
  legacy_id int NOT NULL UNIQUE, updated_at timestamptz NOT NULL DEFAULT now(), UNIQUE (template_id, product_id));
CREATE TABLE template_edit_roles (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), template_id uuid NOT NULL REFERENCES templates ON DELETE CASCADE, role_id uuid NOT NULL REFERENCES roles ON DELETE CASCADE,
  legacy_id int NOT NULL UNIQUE, updated_at timestamptz NOT NULL DEFAULT now(), UNIQUE (template_id, role_id));
CREATE TABLE template_view_roles (LIKE template_edit_roles INCLUDING DEFAULTS, PRIMARY KEY (id), UNIQUE (legacy_id), UNIQUE (template_id, role_id),
  FOREIGN KEY (template_id) REFERENCES templates ON DELETE CASCADE, FOREIGN KEY (role_id) REFERENCES roles ON DELETE CASCADE);
CREATE TABLE template_view_groups (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), template_id uuid NOT NULL REFERENCES templates ON DELETE CASCADE, team_id uuid NOT NULL REFERENCES teams ON DELETE CASCADE,
  legacy_id int NOT NULL UNIQUE, updated_at timestamptz NOT NULL DEFAULT now(), UNIQUE (template_id, team_id));
CREATE TABLE template_predecessors (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), template_id uuid NOT NULL REFERENCES templates ON DELETE CASCADE, predecessor_id uuid NOT NULL REFERENCES templates ON DELETE CASCADE,
  legacy_id int NOT NULL UNIQUE, updated_at timestamptz NOT NULL DEFAULT now(), UNIQUE (template_id, predecessor_id), CHECK (template_id <> predecessor_id));
-- clinical core
CREATE TABLE cases (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), patient_id uuid NOT NULL UNIQUE REFERENCES patients ON DELETE RESTRICT, primary_doctor_id uuid REFERENCES doctors ON DELETE SET NULL,
  office_id uuid REFERENCES offices ON DELETE SET NULL, case_number varchar(40) NOT NULL UNIQUE, status case_status NOT NULL, deleted boolean NOT NULL, opened_at timestamptz,
  legacy_patient_id int NOT NULL UNIQUE, updated_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE orders (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), order_number varchar(40) NOT NULL UNIQUE, patient_id uuid NOT NULL REFERENCES patients ON DELETE RESTRICT,
  doctor_id uuid REFERENCES doctors ON DELETE SET NULL, office_id uuid REFERENCES offices ON DELETE SET NULL, course_id uuid REFERENCES courses ON DELETE RESTRICT, status order_status NOT NULL,
  suffix varchar(16), notes text, complaint text, amount numeric(12,2), submitted_at timestamptz, source_updated_at timestamptz, deleted boolean NOT NULL, exports jsonb NOT NULL DEFAULT '{}',
  model_code int, scanner_code int, scanner_notes text NOT NULL, objective text NOT NULL, conditions text NOT NULL, cbct boolean NOT NULL, comprehensive boolean, accept_extraction boolean,
  sequence_no int NOT NULL, legacy_instruction_id int NOT NULL UNIQUE, updated_at timestamptz NOT NULL DEFAULT now());
CREATE INDEX ON orders (patient_id);  CREATE INDEX ON orders (doctor_id);  CREATE INDEX ON orders (status);
CREATE TABLE order_cases (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), order_id uuid NOT NULL REFERENCES orders ON DELETE CASCADE, case_id uuid NOT NULL REFERENCES cases ON DELETE CASCADE,
  relationship_type varchar(50) NOT NULL DEFAULT 'primary', legacy_instruction_id int NOT NULL UNIQUE, updated_at timestamptz NOT NULL DEFAULT now(), UNIQUE (order_id, case_id));
CREATE TABLE order_states (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), order_id uuid NOT NULL REFERENCES orders ON DELETE CASCADE, status_code int NOT NULL CHECK (status_code IN (11,12)), is_on boolean NOT NULL,
  changed_at timestamptz NOT NULL, changed_by uuid REFERENCES profiles ON DELETE SET NULL, legacy_state_id int NOT NULL UNIQUE, updated_at timestamptz NOT NULL DEFAULT now());
CREATE INDEX ON order_states (order_id, changed_at);
CREATE TABLE case_states (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), case_id uuid NOT NULL REFERENCES cases ON DELETE CASCADE, order_id uuid NOT NULL REFERENCES orders ON DELETE CASCADE, state case_state_type NOT NULL,
  is_on boolean NOT NULL, changed_at timestamptz NOT NULL, changed_by uuid REFERENCES profiles ON DELETE SET NULL, legacy_state_id int NOT NULL UNIQUE, updated_at timestamptz NOT NULL DEFAULT now());
CREATE INDEX ON case_states (case_id, changed_at);
CREATE TABLE projects (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), file_uid uuid NOT NULL UNIQUE, name varchar(255) NOT NULL, project_type project_type NOT NULL, status project_status NOT NULL,
  creator_id uuid REFERENCES profiles ON DELETE SET NULL, size_bytes bigint CHECK (size_bytes >= 0), is_public boolean NOT NULL, created_at timestamptz NOT NULL, legacy_project_id int NOT NULL UNIQUE,
  metadata jsonb NOT NULL DEFAULT '{}', updated_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE treatment_plans (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), project_id uuid NOT NULL REFERENCES projects ON DELETE CASCADE, order_id uuid REFERENCES orders ON DELETE SET NULL,
  patient_id uuid REFERENCES patients ON DELETE SET NULL, doctor_id uuid REFERENCES doctors ON DELETE SET NULL, plan_number int, plan_name varchar(100), notes text, is_original boolean NOT NULL,
  treatment_type treatment_type NOT NULL, legacy_plan_id int NOT NULL UNIQUE, metadata jsonb NOT NULL DEFAULT '{}', updated_at timestamptz NOT NULL DEFAULT now());
CREATE INDEX ON treatment_plans (project_id);  CREATE INDEX ON treatment_plans (order_id);     -- project_id is NOT unique
CREATE TABLE brackets (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), project_id uuid NOT NULL REFERENCES projects ON DELETE CASCADE, name varchar(100) NOT NULL CHECK (btrim(name) <> ''), type_code int,
  legacy_bracket_id int NOT NULL UNIQUE, updated_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE jaws (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), order_id uuid NOT NULL REFERENCES orders ON DELETE CASCADE, jaw_type jaw_type NOT NULL, product_id uuid REFERENCES products ON DELETE SET NULL,
  labial boolean NOT NULL, bond_teeth char(16) NOT NULL CHECK (bond_teeth ~ '^[01]{16}$'), extract_teeth char(16) NOT NULL CHECK (extract_teeth ~ '^[01]{16}$'), replacement_reason replacement_reason,
  legacy_jaw_id int NOT NULL UNIQUE, updated_at timestamptz NOT NULL DEFAULT now(), UNIQUE (order_id, jaw_type));
-- files, messages, tasks
CREATE TABLE files (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), file_uid uuid NOT NULL UNIQUE, filename text NOT NULL, extension varchar(16), mime_type varchar(100) NOT NULL,
  size_bytes bigint CHECK (size_bytes >= 0), type_code smallint NOT NULL, status_code smallint NOT NULL, product_id uuid REFERENCES products ON DELETE SET NULL, created_at timestamptz NOT NULL,
  legacy_file_id int NOT NULL UNIQUE, updated_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE order_files (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), order_id uuid NOT NULL REFERENCES orders ON DELETE CASCADE, file_id uuid NOT NULL REFERENCES files ON DELETE CASCADE,
  category order_file_category NOT NULL, parameters jsonb NOT NULL DEFAULT '{}', legacy_file_id int NOT NULL UNIQUE, updated_at timestamptz NOT NULL DEFAULT now(), UNIQUE (order_id, file_id));
CREATE TABLE case_files (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), case_id uuid NOT NULL REFERENCES cases ON DELETE CASCADE, file_id uuid NOT NULL REFERENCES files ON DELETE CASCADE,
  legacy_file_id int NOT NULL UNIQUE, updated_at timestamptz NOT NULL DEFAULT now(), UNIQUE (case_id, file_id));
CREATE INDEX ON order_files (file_id);  CREATE INDEX ON case_files (file_id);
CREATE TABLE messages (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), message_type message_type NOT NULL, target_kind message_target NOT NULL, patient_id uuid REFERENCES patients ON DELETE CASCADE,
  profile_id uuid REFERENCES profiles ON DELETE CASCADE, order_id uuid REFERENCES orders ON DELETE CASCADE, sender_id uuid REFERENCES profiles ON DELETE SET NULL, is_public boolean NOT NULL,
  content text NOT NULL, created_at timestamptz NOT NULL, legacy_record_id int NOT NULL UNIQUE, updated_at timestamptz NOT NULL DEFAULT now(),
  CHECK ((target_kind = 'patient') = (patient_id IS NOT NULL) AND (target_kind = 'profile') = (profile_id IS NOT NULL) AND (target_kind = 'order') = (order_id IS NOT NULL)));
CREATE INDEX ON messages (patient_id, created_at);  CREATE INDEX ON messages (sender_id);
CREATE TABLE team_communications (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), communication_type communication_type NOT NULL, team_id uuid NOT NULL REFERENCES teams ON DELETE RESTRICT,
  author_id uuid NOT NULL REFERENCES profiles ON DELETE RESTRICT, patient_id uuid REFERENCES patients ON DELETE SET NULL, visibility visibility_type NOT NULL, body text NOT NULL, created_at timestamptz NOT NULL,
  legacy_record_id int NOT NULL UNIQUE, updated_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE message_attachments (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), message_id uuid REFERENCES messages ON DELETE CASCADE, team_communication_id uuid REFERENCES team_communications ON DELETE CASCADE,
  file_id uuid NOT NULL REFERENCES files ON DELETE CASCADE, legacy_file_id int NOT NULL UNIQUE, updated_at timestamptz NOT NULL DEFAULT now(), CHECK (num_nonnulls(message_id, team_communication_id) = 1),
  UNIQUE (message_id, file_id), UNIQUE (team_communication_id, file_id));
CREATE TABLE comments (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), comment_type comment_type NOT NULL, content text NOT NULL CHECK (btrim(content, E' \t\r\n') <> ''), author_id uuid REFERENCES profiles ON DELETE SET NULL,
  parent_comment_id uuid REFERENCES comments ON DELETE SET NULL, treatment_plan_id uuid REFERENCES treatment_plans ON DELETE CASCADE, doctor_id uuid REFERENCES doctors ON DELETE CASCADE,
  created_at timestamptz NOT NULL, legacy_table text NOT NULL, legacy_id int NOT NULL, updated_at timestamptz NOT NULL DEFAULT now(), UNIQUE (legacy_table, legacy_id),
  CHECK ((comment_type = 'treatment_discussion') = (treatment_plan_id IS NOT NULL) AND (comment_type = 'doctor_note') = (doctor_id IS NOT NULL)));
CREATE INDEX ON comments (treatment_plan_id, created_at);  CREATE INDEX ON comments (doctor_id);
CREATE VIEW treatment_discussions AS SELECT * FROM comments WHERE comment_type = 'treatment_discussion';
CREATE VIEW doctor_notes AS SELECT * FROM comments WHERE comment_type = 'doctor_note';
CREATE TABLE case_messages (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), comment_id uuid NOT NULL UNIQUE REFERENCES comments ON DELETE CASCADE, case_id uuid NOT NULL REFERENCES cases ON DELETE CASCADE,
  message_type case_message_type NOT NULL, requires_response boolean NOT NULL, legacy_comment_id int NOT NULL UNIQUE, updated_at timestamptz NOT NULL DEFAULT now());
CREATE INDEX ON case_messages (case_id);
CREATE TABLE tasks (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), order_id uuid NOT NULL REFERENCES orders ON DELETE CASCADE, template_id uuid REFERENCES templates ON DELETE SET NULL,
  assigned_to uuid REFERENCES profiles ON DELETE SET NULL, treatment_plan_id uuid REFERENCES treatment_plans ON DELETE SET NULL, file_id uuid REFERENCES files ON DELETE SET NULL, description text,
  jaw_code smallint NOT NULL, status task_status NOT NULL, checked boolean NOT NULL, completed_at timestamptz, legacy_task_id int NOT NULL UNIQUE, updated_at timestamptz NOT NULL DEFAULT now(),
  CHECK ((status = 'completed') = (checked AND completed_at IS NOT NULL)));
CREATE INDEX ON tasks (order_id);  CREATE INDEX ON tasks (assigned_to, status);
CREATE TABLE customer_feedback (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), message_id uuid UNIQUE REFERENCES messages ON DELETE CASCADE, comment_id uuid UNIQUE REFERENCES comments ON DELETE CASCADE,
  doctor_id uuid NOT NULL REFERENCES doctors ON DELETE CASCADE, feedback_type feedback_type NOT NULL, severity feedback_severity NOT NULL, created_at timestamptz NOT NULL, legacy_key text NOT NULL UNIQUE,
  updated_at timestamptz NOT NULL DEFAULT now(), CHECK (num_nonnulls(message_id, comment_id) = 1));
CREATE TABLE system_messages (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), recipient_id uuid REFERENCES profiles ON DELETE SET NULL, item_kind text, order_id uuid REFERENCES orders ON DELETE SET NULL,
  patient_id uuid REFERENCES patients ON DELETE SET NULL, sender varchar(100) NOT NULL, template_name varchar(150) NOT NULL, context jsonb NOT NULL, is_read boolean NOT NULL, created_at timestamptz NOT NULL,
  legacy_notification_id int NOT NULL UNIQUE, updated_at timestamptz NOT NULL DEFAULT now());
CREATE INDEX ON system_messages (recipient_id, created_at);
-- money
CREATE TABLE payments (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), order_id uuid NOT NULL REFERENCES orders ON DELETE RESTRICT, patient_id uuid NOT NULL REFERENCES patients ON DELETE RESTRICT,
  doctor_id uuid REFERENCES doctors ON DELETE SET NULL, office_id uuid REFERENCES offices ON DELETE SET NULL, status payment_status NOT NULL, is_free boolean NOT NULL, subtotal_amount numeric(12,2) NOT NULL,
  tax_amount numeric(12,2) NOT NULL, tax_rate numeric(7,4) NOT NULL, additional_amount numeric(12,2) NOT NULL, used_credit numeric(12,2) NOT NULL, custom_amount numeric(12,2), total_amount numeric(12,2) NOT NULL,
  paid_amount numeric(12,2) NOT NULL, installments jsonb NOT NULL DEFAULT '{}', in_erp boolean NOT NULL, made_at timestamptz, legacy_payment_id int NOT NULL UNIQUE, legacy_shop_order_id int,
  updated_at timestamptz NOT NULL DEFAULT now());
CREATE INDEX ON payments (order_id);  CREATE INDEX ON payments (status);
CREATE TABLE payment_operations (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), payment_id uuid NOT NULL REFERENCES payments ON DELETE RESTRICT, operation_type operation_type NOT NULL, amount numeric(12,2) NOT NULL,
  made_at timestamptz NOT NULL, processor_order_id text, processor_payment_id text, processor_refund_id text, card_brand text, card_bin text, card_last4 text, office_card boolean NOT NULL, attempts int NOT NULL,
  legacy_operation_id int NOT NULL UNIQUE, updated_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE purchases (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), payment_id uuid NOT NULL REFERENCES payments ON DELETE RESTRICT, order_id uuid NOT NULL REFERENCES orders ON DELETE RESTRICT,
  product_id uuid REFERENCES products ON DELETE SET NULL, quantity int NOT NULL CHECK (quantity > 0), unit_price numeric(12,2) NOT NULL,
  total_amount numeric(14,2) GENERATED ALWAYS AS (quantity * unit_price) STORED, purchased_at timestamptz, legacy_purchase_id int NOT NULL UNIQUE, updated_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE offers (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), doctor_id uuid NOT NULL REFERENCES doctors ON DELETE CASCADE, product_id uuid REFERENCES products ON DELETE SET NULL,
  price_both numeric(12,2) NOT NULL, price_upper numeric(12,2) NOT NULL, price_lower numeric(12,2) NOT NULL,
  offer_amount numeric(12,2) GENERATED ALWAYS AS (GREATEST(price_both, price_upper, price_lower)) STORED, legacy_offer_id int NOT NULL UNIQUE, updated_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE discounts (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), offer_id uuid NOT NULL REFERENCES offers ON DELETE CASCADE, code varchar(30) NOT NULL UNIQUE,
  percentage numeric(5,2) NOT NULL CHECK (percentage BETWEEN 0 AND 100), reason text NOT NULL, max_uses int, current_uses int NOT NULL, starts_on date, ends_on date, is_total boolean NOT NULL,
  legacy_discount_id int NOT NULL UNIQUE, updated_at timestamptz NOT NULL DEFAULT now());

CREATE FUNCTION set_updated_at() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.updated_at := now(); RETURN NEW; END $$;
DO $$ DECLARE t text; BEGIN
  FOR t IN SELECT c.table_name FROM information_schema.columns c JOIN information_schema.tables b USING (table_schema, table_name)
           WHERE c.table_schema = 'public' AND c.column_name = 'updated_at' AND b.table_type = 'BASE TABLE' LOOP
    EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE ON %I FOR EACH ROW EXECUTE FUNCTION set_updated_at()', t || '_touch', t);
  END LOOP; END $$;
