-- Schema `atrium` exists once in each placement: how a transaction enters and leaves a tenant, and the record of
-- which version each tenant's schema is on.
CREATE SCHEMA atrium;
GRANT USAGE ON SCHEMA atrium TO PUBLIC;

-- Everything a tenant transaction needs is set here, local to the transaction. A function, because RDS Proxy pins a
-- session for SET and for set_config in a statement, but not for what a stored function does. SECURITY INVOKER, so
-- that the login's own memberships decide; no SET clause, since that would undo the settings on return; every name
-- qualified, since whatever search_path the connection was left with is still in force when it begins.
CREATE FUNCTION atrium.enter(schema_name text, read_only boolean, statement_ms integer, lock_ms integer)
RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
  PERFORM pg_catalog.set_config('role', schema_name, true);
  PERFORM pg_catalog.set_config('search_path', pg_catalog.concat(pg_catalog.quote_ident(schema_name), ', pg_temp'), true);
  PERFORM pg_catalog.set_config('statement_timeout', statement_ms::pg_catalog.text, true);
  PERFORM pg_catalog.set_config('lock_timeout', lock_ms::pg_catalog.text, true);
  IF read_only THEN
    PERFORM pg_catalog.set_config('transaction_read_only', 'on', true);
  END IF;
END
$$;

-- Back to the login itself, for statements on the catalog, whatever role the connection was left with.
CREATE FUNCTION atrium.leave()
RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
  PERFORM pg_catalog.set_config('role', 'none', true);
  PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
END
$$;

GRANT EXECUTE ON FUNCTION atrium.enter(text, boolean, integer, integer), atrium.leave() TO PUBLIC;

-- What every table of a tenant has in common: the tenant's role may read and write its rows, and nothing else. A
-- tenant migration calls it for each table that it creates, with the tenant's schema first in the search_path; role
-- and schema have the same name. Naming the table keeps provisioning flat: ON ALL TABLES IN SCHEMA scans pg_class.
CREATE FUNCTION atrium.grant_table(table_name text)
RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
  tenant CONSTANT text := pg_catalog.current_schema();
BEGIN
  EXECUTE pg_catalog.format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I.%I TO %I', tenant, table_name, tenant);
END
$$;

REVOKE EXECUTE ON FUNCTION atrium.grant_table(text) FROM PUBLIC;

-- The catalog and placement migrations that this database has had.
CREATE TABLE atrium.migrations (
  kind text NOT NULL CHECK (kind IN ('placement', 'catalog')),
  version integer NOT NULL CHECK (version > 0),
  name text NOT NULL,
  checksum text NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (kind, version)
);

-- The fleet's truth: written in the transaction that changed the tenant's schema.
CREATE TABLE atrium.tenant_versions (
  schema_name text PRIMARY KEY,
  version integer NOT NULL CHECK (version > 0),
  checksum text NOT NULL,
  changed_at timestamptz NOT NULL DEFAULT now()
);
