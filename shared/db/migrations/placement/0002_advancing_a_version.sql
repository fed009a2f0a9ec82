-- Moves a tenant from one version to the next, in the transaction that changes its schema. Whoever comes second waits for
-- the first and then finds the version moved: so no two runs ever change one tenant.
CREATE FUNCTION atrium.advance_version(tenant text, from_version integer, to_version integer, new_checksum text)
RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
  UPDATE atrium.tenant_versions SET version = to_version, checksum = new_checksum, changed_at = pg_catalog.now()
  WHERE schema_name = tenant AND version = from_version;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the tenant is not on the version that it should come from' USING ERRCODE = 'AT001';
  END IF;
END
$$;

REVOKE EXECUTE ON FUNCTION atrium.advance_version(text, integer, integer, text) FROM PUBLIC;
