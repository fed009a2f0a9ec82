-- As `leave`, for what requests write beside their work: it waits for nobody's lock or disk for long, since a request waits for it.
CREATE FUNCTION atrium.begin_note()
RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
  done text;
BEGIN
  done := pg_catalog.set_config('role', 'none', true);
  done := pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
  done := pg_catalog.set_config('lock_timeout', '100ms', true);
  done := pg_catalog.set_config('statement_timeout', '1s', true);
  done := pg_catalog.set_config('synchronous_commit', 'off', true);
END
$$;

GRANT EXECUTE ON FUNCTION atrium.begin_note() TO PUBLIC;

-- The tokens that a tenant's requests are still allowed at its plan's rate; function instances draw theirs from here. Unlogged:
-- a crash gives every tenant a full bucket, and no commit waits for the disk.
CREATE UNLOGGED TABLE atrium.rate_leases (
  tenant_id bigint PRIMARY KEY,
  -- As of `drawn_at`; they have grown by the plan's rate since.
  tokens double precision NOT NULL,
  drawn_at timestamptz NOT NULL,
  -- What the last instance to draw was given.
  granted integer NOT NULL
) WITH (fillfactor = 50);

-- What tenants have asked for, a row a day (UTC): summed by the functions, copied to the catalog by the control plane.
CREATE TABLE atrium.usage (
  tenant_id bigint NOT NULL,
  day date NOT NULL,
  requests bigint NOT NULL,
  throttled bigint NOT NULL,
  errors bigint NOT NULL,
  database_ms double precision NOT NULL,
  rows bigint NOT NULL,
  bytes bigint NOT NULL,
  PRIMARY KEY (tenant_id, day)
) WITH (fillfactor = 50);
