-- The same as 0001, with assignments in the place of PERFORM: plpgsql evaluates them without running a query for each
-- (bench/profile.md). What it must be and why stands in 0001.
CREATE OR REPLACE FUNCTION atrium.enter(schema_name text, read_only boolean, statement_ms integer, lock_ms integer)
RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
  done text;
BEGIN
  done := pg_catalog.set_config('role', schema_name, true);
  done := pg_catalog.set_config('search_path', pg_catalog.concat(pg_catalog.quote_ident(schema_name), ', pg_temp'), true);
  done := pg_catalog.set_config('statement_timeout', statement_ms::pg_catalog.text, true);
  done := pg_catalog.set_config('lock_timeout', lock_ms::pg_catalog.text, true);
  IF read_only THEN
    done := pg_catalog.set_config('transaction_read_only', 'on', true);
  END IF;
END
$$;
