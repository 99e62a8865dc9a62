-- The generator's vocabulary goes; every serial continues after the highest id.
DO $$ DECLARE c record; BEGIN
  FOR c IN SELECT table_name FROM information_schema.columns WHERE table_schema = 'public' AND column_name = 'id' AND column_default LIKE 'nextval(%' LOOP
    EXECUTE format('SELECT setval(pg_get_serial_sequence(%1$L, ''id''), (SELECT max(id) FROM %1$I)) WHERE EXISTS (SELECT FROM %1$I)', c.table_name);
  END LOOP; END $$;
DROP SCHEMA gen CASCADE;
