-- Changes tenants of one version one after the other, each in a transaction of its own: nobody's lock outlives his own change, and a
-- failure stays his own. A procedure, since it may commit: a message for many tenants in the place of one for each. It is
-- called as the owner, under a statement_timeout of the session, which runs from the call on; so it begins no tenant after
-- `most_ms`. It answers an SQLSTATE for each tenant that it came to, empty for one that it changed, and the message with it.
CREATE PROCEDURE atrium.change_tenants(
  tenants text[],
  from_version integer,
  to_version integer,
  new_checksum text,
  change text,
  lock_ms integer,
  most_ms integer,
  -- Whether each change is rolled back again, with the SQLSTATE AT003.
  rehearse boolean,
  INOUT states text[],
  INOUT messages text[]
)
LANGUAGE plpgsql
AS $$
DECLARE
  began CONSTANT timestamptz := pg_catalog.clock_timestamp();
  done text;
BEGIN
  FOR n IN 1 .. pg_catalog.cardinality(tenants) LOOP
    EXIT WHEN n > 1 AND pg_catalog.clock_timestamp() > began + most_ms * interval '1 ms';
    BEGIN
      done := pg_catalog.set_config('synchronous_commit', 'off', true);
      done := pg_catalog.set_config('lock_timeout', lock_ms::text, true);
      -- Before the search path is the tenant's: plpgsql plans a statement anew for each path that it meets.
      PERFORM atrium.advance_version(tenants[n], from_version, to_version, new_checksum);
      done := pg_catalog.set_config('search_path', pg_catalog.concat(pg_catalog.quote_ident(tenants[n]), ', pg_temp'), true);
      EXECUTE change;
      -- What is deferred would fail in the COMMIT, which is nobody's.
      SET CONSTRAINTS ALL IMMEDIATE;
      IF rehearse THEN
        RAISE EXCEPTION 'rehearsed' USING ERRCODE = 'AT003';
      END IF;
      states[n] := '';
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

REVOKE EXECUTE ON PROCEDURE atrium.change_tenants(text[], integer, integer, text, text, integer, integer, boolean, text[], text[])
  FROM PUBLIC;
