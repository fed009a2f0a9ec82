-- What operators do: which tenants may still come to a placement, when a deleted one is purged, operations that outlast
-- a request, and who changed what.
ALTER TABLE catalog.placements
  ADD COLUMN tenant_limit integer NOT NULL DEFAULT 500 CHECK (tenant_limit > 0),
  ADD COLUMN accepts_tenants boolean NOT NULL DEFAULT true;

ALTER TABLE catalog.tenants
  ADD COLUMN purge_after timestamptz,
  ADD CONSTRAINT tenants_purge_after_check CHECK ((status = 'deleting') = (purge_after IS NOT NULL));

CREATE INDEX tenants_purge_after_idx ON catalog.tenants (purge_after) WHERE purge_after IS NOT NULL;

CREATE TABLE catalog.operations (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind text NOT NULL,
  state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'running', 'succeeded', 'failed', 'cancelled')),
  -- The tenant that it works on alone; a slug, since the tenant may be gone when the operation is read.
  tenant text,
  input jsonb NOT NULL,
  -- Where the next slice goes on, in the kind's own terms.
  position jsonb NOT NULL,
  done bigint NOT NULL DEFAULT 0,
  total bigint,
  result jsonb,
  problem jsonb,
  started_by text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  finished_at timestamptz,
  cancel_requested boolean NOT NULL DEFAULT false,
  -- Tries of the present step; a step that was completed sets it back.
  attempts integer NOT NULL DEFAULT 0,
  not_before timestamptz NOT NULL DEFAULT now(),
  -- Whoever holds the lease works on it; a worker that died loses it by the clock.
  lease uuid,
  leased_until timestamptz,
  CHECK ((state IN ('succeeded', 'failed', 'cancelled')) = (finished_at IS NOT NULL))
);

CREATE INDEX operations_unfinished_idx ON catalog.operations (id) WHERE finished_at IS NULL;
CREATE UNIQUE INDEX operations_one_a_tenant_key ON catalog.operations (tenant)
  WHERE finished_at IS NULL AND tenant IS NOT NULL;
CREATE UNIQUE INDEX operations_one_migration_run_key ON catalog.operations (kind)
  WHERE finished_at IS NULL AND kind = 'migrate';

CREATE TABLE catalog.audit (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at timestamptz NOT NULL DEFAULT now(),
  principal text NOT NULL,
  -- The route that was called, and the path that it was called by.
  action text NOT NULL,
  target text NOT NULL,
  request_id text NOT NULL,
  -- Null while the change is under way, and for good when whoever made it died.
  outcome text
);
