-- The legacy orthodontics application as Django left it: tables, keys and the foreign keys that are really declared.
-- `REFERENCES` is declared and holds; `/*~ table*/` is used as a reference and never declared: orphans live there.
-- The indexes stand in indexes.sql, built after the data.
CREATE TABLE django_content_type (id serial PRIMARY KEY, app_label varchar(100) NOT NULL, model varchar(100) NOT NULL, UNIQUE (app_label, model));
CREATE TABLE auth_group (id serial PRIMARY KEY, name varchar(150) NOT NULL UNIQUE);
CREATE TABLE auth_permission (id serial PRIMARY KEY, name varchar(255) NOT NULL, content_type_id int NOT NULL REFERENCES django_content_type,
  codename varchar(100) NOT NULL, UNIQUE (content_type_id, codename));
CREATE TABLE auth_user (id serial PRIMARY KEY, password varchar(128) NOT NULL, last_login timestamptz, is_superuser boolean NOT NULL,
  username varchar(150) NOT NULL UNIQUE, first_name varchar(150) NOT NULL, last_name varchar(150) NOT NULL, email varchar(254) NOT NULL,
  is_staff boolean NOT NULL, is_active boolean NOT NULL, date_joined timestamptz NOT NULL);
CREATE TABLE auth_user_groups (id serial PRIMARY KEY, user_id int NOT NULL REFERENCES auth_user, group_id int NOT NULL REFERENCES auth_group,
  UNIQUE (user_id, group_id));
CREATE TABLE dispatch_office (id serial PRIMARY KEY, name text, address text, apt text, city text, state text, zip text, country text, phone text,
  tax_rate numeric, valid boolean, sq_customer_id text, emails boolean NOT NULL);
CREATE TABLE dispatch_office_doctors (id serial PRIMARY KEY, office_id int NOT NULL /*~ dispatch_office*/, user_id int NOT NULL REFERENCES auth_user);
CREATE TABLE dispatch_doctorsetting (id serial PRIMARY KEY, user_id int NOT NULL UNIQUE REFERENCES auth_user, clinical_preferences text /*json*/,
  sq_customer_id text, promised_payment boolean NOT NULL, credit numeric(10,2) NOT NULL, tier_type int, tier_finish date,
  installment_payments boolean NOT NULL, baa_agreed_at timestamptz, eula_agreed_at timestamptz, company_account boolean NOT NULL);
CREATE TABLE dispatch_patient (id serial PRIMARY KEY, user_id int NOT NULL /*~ auth_user*/, doctor_id int /*~ auth_user: a USER id*/,
  office_id int /*~ dispatch_office*/, birthdate date, sex smallint, status smallint, archived boolean, suspended boolean NOT NULL,
  suffix varchar(16) NOT NULL, schemes text NOT NULL /*json*/, submitted_at timestamptz, updated_at timestamptz);
CREATE TABLE dispatch_course (id serial PRIMARY KEY, name varchar(100) NOT NULL, type int NOT NULL, customization text /*json*/);
CREATE TABLE dispatch_product (id serial PRIMARY KEY, name varchar(150) NOT NULL, description text, free boolean NOT NULL, deleted boolean NOT NULL,
  customization text /*json*/, type int, substitute boolean NOT NULL, course_id int NOT NULL REFERENCES dispatch_course);
CREATE TABLE dispatch_category (id serial PRIMARY KEY, name varchar(100) NOT NULL, parent_id int /*~ dispatch_category: self, cycles planted*/);
CREATE TABLE dispatch_role (id serial PRIMARY KEY, name varchar(100) NOT NULL, abbrev varchar(20) NOT NULL, type int NOT NULL, "order" int NOT NULL,
  user_id int /*~ auth_user*/, group_id int REFERENCES auth_group);
CREATE TABLE dispatch_role_permissions (id serial PRIMARY KEY, role_id int NOT NULL REFERENCES dispatch_role, permission_id int NOT NULL /*~ auth_permission*/);
CREATE TABLE dispatch_template (id serial PRIMARY KEY, task_name varchar(150), action_name varchar(150) NOT NULL, function varchar(150) NOT NULL,
  status int NOT NULL, duration int, category_id int /*~ dispatch_category*/, predefined boolean NOT NULL, read_only boolean NOT NULL,
  text_name varchar(150), extensions text, alerts boolean NOT NULL, separate boolean NOT NULL);
CREATE TABLE dispatch_template_products (id serial PRIMARY KEY, template_id int NOT NULL REFERENCES dispatch_template, product_id int NOT NULL /*~ dispatch_product*/);
CREATE TABLE dispatch_template_edit_roles (id serial PRIMARY KEY, template_id int NOT NULL REFERENCES dispatch_template, role_id int NOT NULL /*~ dispatch_role*/);
CREATE TABLE dispatch_template_view_roles (id serial PRIMARY KEY, template_id int NOT NULL REFERENCES dispatch_template, role_id int NOT NULL /*~ dispatch_role*/);
CREATE TABLE dispatch_template_view_groups (id serial PRIMARY KEY, template_id int NOT NULL REFERENCES dispatch_template, group_id int NOT NULL /*~ auth_group*/);
CREATE TABLE dispatch_template_predecessors (id serial PRIMARY KEY, from_template_id int NOT NULL REFERENCES dispatch_template, to_template_id int NOT NULL REFERENCES dispatch_template);
CREATE TABLE dispatch_jaw (id serial PRIMARY KEY, bond_teeth char(16) NOT NULL, extract_teeth char(16) NOT NULL, reason int, product_id int /*~ dispatch_product*/,
  labial boolean NOT NULL);  -- no back reference: dispatch_instruction points here
CREATE TABLE dispatch_instruction (id serial PRIMARY KEY, patient_id int NOT NULL /*~ dispatch_patient*/, course_id int /*~ dispatch_course*/, status smallint NOT NULL,
  suffix varchar(16), notes text, complaint text, price numeric, submitted_at timestamptz, updated_at timestamptz, deleted boolean NOT NULL,
  exports text /*json*/, model int, scanner int, scanner_notes text NOT NULL, objective text NOT NULL, conditions text NOT NULL, cbct boolean NOT NULL,
  comprehensive boolean, accept_extraction boolean, "order" int NOT NULL, upper_jaw_id int /*~ dispatch_jaw*/, lower_jaw_id int /*~ dispatch_jaw*/);
CREATE TABLE dispatch_state (id serial PRIMARY KEY, instruction_id int NOT NULL /*~ dispatch_instruction*/, status int NOT NULL, "on" boolean NOT NULL,
  changed_at timestamptz, actor_id int /*~ auth_user*/);
CREATE TABLE dispatch_project (id serial PRIMARY KEY, uid text NOT NULL, created_at timestamptz NOT NULL, name varchar(255) NOT NULL, size bigint, public boolean NOT NULL,
  type int NOT NULL, status int NOT NULL, creator_id int /*~ auth_user*/);
CREATE TABLE dispatch_plan (id serial PRIMARY KEY, instruction_id int NOT NULL /*~ dispatch_instruction*/, project_id int NOT NULL /*~ dispatch_project, shared by several plans*/,
  notes text, number int, name varchar(255) NOT NULL, original boolean NOT NULL);
CREATE TABLE dispatch_bracket (id serial PRIMARY KEY, name varchar(100), project_id int NOT NULL /*~ dispatch_project*/, type int);
CREATE TABLE dispatch_record (id serial PRIMARY KEY, type int NOT NULL, target_type_id int /*~ django_content_type*/, target_id int /*generic*/, author_id int /*~ auth_user*/,
  group_id int REFERENCES auth_group, public boolean, text text NOT NULL, created_at timestamptz NOT NULL);
CREATE TABLE dispatch_comment (id serial PRIMARY KEY, plan_id int NOT NULL /*~ dispatch_plan*/, author_id int /*~ auth_user*/, text text, created_at timestamptz NOT NULL);
CREATE TABLE dispatch_note (id serial PRIMARY KEY, doctor_id int NOT NULL /*~ auth_user*/, author_id int /*~ auth_user*/, text text NOT NULL, created_at timestamptz NOT NULL);
CREATE TABLE dispatch_file (id serial PRIMARY KEY, uid text NOT NULL, name varchar(300), ext varchar(16), size bigint, type int NOT NULL, status int NOT NULL,
  instruction_id int /*~ dispatch_instruction*/, record_id int /*~ dispatch_record*/, product_id int /*~ dispatch_product*/, parameters text /*json*/, created_at timestamptz NOT NULL);
CREATE TABLE dispatch_task (id serial PRIMARY KEY, checked boolean NOT NULL, file_id int /*~ dispatch_file*/, template_id int NOT NULL /*~ dispatch_template*/, done_at timestamptz,
  text text, plan_id int /*~ dispatch_plan*/, instruction_id int /*~ dispatch_instruction*/, actor_id int /*~ auth_user*/, jaw int NOT NULL, order_id int /*~ dispatch_order*/);
CREATE TABLE dispatch_order (id serial PRIMARY KEY, course_id int /*~ dispatch_course*/);  -- a SHOP order; the business order is dispatch_instruction
CREATE TABLE dispatch_payment (id serial PRIMARY KEY, made_at timestamptz, free boolean NOT NULL, paid boolean NOT NULL, canceled boolean NOT NULL,
  tax_rate numeric(7,4) NOT NULL, tax_value numeric(10,2) NOT NULL, paid_price numeric(10,2) NOT NULL, subtotal_price numeric(10,2) NOT NULL,
  total_price numeric(10,2) NOT NULL, used_credit numeric(10,2) NOT NULL, additional_price numeric(10,2) NOT NULL, custom_price numeric,
  installments text /*json*/, netsuite boolean NOT NULL, instruction_id int /*~ dispatch_instruction*/, order_id int /*~ dispatch_order*/,
  doctor_id int /*~ auth_user*/, office_id int /*~ dispatch_office*/);
CREATE TABLE dispatch_operation (id serial PRIMARY KEY, type int, made_at timestamptz NOT NULL, price numeric(10,2) NOT NULL, sq_order_id text, sq_payment_id text,
  sq_refund_id text, card_brand text, card_bin text, card_last text, office_card boolean NOT NULL, payment_id int NOT NULL /*~ dispatch_payment*/, attempts int NOT NULL);
CREATE TABLE dispatch_purchase (id serial PRIMARY KEY, quantity int NOT NULL, price numeric(10,2) NOT NULL, order_id int NOT NULL /*~ dispatch_order*/, product_id int /*~ dispatch_product*/);
CREATE TABLE dispatch_offer (id serial PRIMARY KEY, doctor_id int /*~ auth_user*/, product_id int /*~ dispatch_product*/, price_both numeric(10,2) NOT NULL,
  price_upper numeric(10,2) NOT NULL, price_lower numeric(10,2) NOT NULL);
CREATE TABLE dispatch_discount (id serial PRIMARY KEY, offer_id int NOT NULL /*~ dispatch_offer*/, percent numeric(5,2) NOT NULL, reason text NOT NULL, count int,
  start date, finish date, total boolean NOT NULL, used int);
CREATE TABLE dispatch_notification (id serial PRIMARY KEY, created_at timestamptz NOT NULL, sender varchar(100) NOT NULL, template_name varchar(150) NOT NULL,
  template_context text /*json*/, read boolean NOT NULL, sent boolean NOT NULL, send boolean NOT NULL, recipient_id int /*~ auth_user*/,
  item_type_id int /*~ django_content_type*/, item_id int /*generic*/);
