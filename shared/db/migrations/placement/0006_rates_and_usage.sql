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
