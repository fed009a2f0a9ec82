-- When an API key was last used, to the hour: noted by the API beside the tenant's work, collected by the control plane.
CREATE TABLE atrium.key_uses (
  key_id text PRIMARY KEY,
  used_at timestamptz NOT NULL
);

-- A sequence that the tenant's role draws from by a column's default, of another table than the sequence's own.
CREATE FUNCTION atrium.grant_sequence(sequence_name text)
RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
  tenant CONSTANT text := pg_catalog.current_schema();
BEGIN
  EXECUTE pg_catalog.format('GRANT USAGE ON SEQUENCE %I.%I TO %I', tenant, sequence_name, tenant);
END
$$;

REVOKE EXECUTE ON FUNCTION atrium.grant_sequence(text) FROM PUBLIC;
