-- The same as in 0009, but that each tenant's message stands in its own place: written for those alone that failed, the array
-- began with the first of them, and what read it gave one tenant's message to another.
CREATE OR REPLACE PROCEDURE atrium.change_tenants(
  tenants text[],
  from_version integer,
  to_version integer,
  new_checksum text,
  change text,
  lock_ms integer,
  most_ms integer,
  rehearse boolean,
  INOUT states text[],
  INOUT messages text[]
)
LANGUAGE plpgsql
AS $$
DECLARE
  began CONSTANT timestamptz := pg_catalog.clock_timestamp();
  -- What is deferred would fail in the COMMIT, which is nobody's.
  whole CONSTANT text := change || E'\n;\nSET CONSTRAINTS ALL IMMEDIATE' || CASE WHEN rehearse THEN
    $rehearsal$; DO $do$ BEGIN RAISE EXCEPTION 'rehearsed' USING ERRCODE = 'AT003'; END $do$ $rehearsal$ ELSE '' END;
  done text;
BEGIN
  FOR n IN 1 .. pg_catalog.cardinality(tenants) LOOP
    EXIT WHEN n > 1 AND pg_catalog.clock_timestamp() > began + most_ms * interval '1 ms';
    BEGIN
      done := pg_catalog.set_config('synchronous_commit', 'off', true);
      done := pg_catalog.set_config('lock_timeout', lock_ms::text, true);
      PERFORM atrium.advance_version(tenants[n], from_version, to_version, new_checksum);
      -- Unless the change fails, which writes others. Both from the first one on: an array that begins later is read as if it did not.
      states[n] := '';
      messages[n] := '';
      -- The path is set as what is to be executed is evaluated.
      EXECUTE CASE WHEN pg_catalog.set_config('search_path', pg_catalog.quote_ident(tenants[n]) || ', pg_temp', true) <> ''
        THEN whole END;
    EXCEPTION WHEN query_canceled OR OTHERS THEN
      states[n] := SQLSTATE;
      messages[n] := SQLERRM;
    END;
    COMMIT;
    -- The timeout comes once a call: what followed would have none.
    EXIT WHEN states[n] = '57014';
  END LOOP;
  -- One synchronous commit, which brings every asynchronous one before it to disk.
  done := pg_catalog.set_config('synchronous_commit', 'on', true);
  UPDATE atrium.tenant_versions SET changed_at = changed_at
  WHERE schema_name = (SELECT v.schema_name FROM atrium.tenant_versions v LIMIT 1 FOR UPDATE SKIP LOCKED);
END
$$;
