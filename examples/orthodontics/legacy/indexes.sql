-- The secondary indexes of the legacy database, built once its rows are there.
CREATE INDEX ON dispatch_instruction (patient_id);
CREATE INDEX ON dispatch_instruction (upper_jaw_id);
CREATE INDEX ON dispatch_instruction (lower_jaw_id);
CREATE INDEX ON dispatch_patient (user_id);
CREATE INDEX ON dispatch_patient (doctor_id);
CREATE INDEX ON dispatch_payment (order_id);
CREATE INDEX ON dispatch_file (instruction_id);
CREATE INDEX ON dispatch_file (record_id);
CREATE INDEX ON dispatch_task (instruction_id);
CREATE INDEX ON dispatch_comment (plan_id);
CREATE INDEX ON dispatch_plan (instruction_id);
CREATE INDEX ON dispatch_office_doctors (user_id);
