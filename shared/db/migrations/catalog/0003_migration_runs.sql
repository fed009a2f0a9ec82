-- The tenant migrations that have ever been applied to anyone: an edited file is refused by name.
CREATE TABLE catalog.tenant_migrations (
  version integer PRIMARY KEY CHECK (version > 0),
  name text NOT NULL,
  checksum text NOT NULL,
  first_seen_at timestamptz NOT NULL DEFAULT now()
);

-- What became of each tenant in a migration run.
CREATE TABLE catalog.migration_results (
  operation_id bigint NOT NULL REFERENCES catalog.operations ON DELETE CASCADE,
  tenant_id bigint NOT NULL REFERENCES catalog.tenants ON DELETE CASCADE,
  -- Canaries are wave 0.
  wave integer NOT NULL CHECK (wave >= 0),
  result text NOT NULL DEFAULT 'pending' CHECK (result IN ('pending', 'migrated', 'already current', 'failed')),
  attempts integer NOT NULL DEFAULT 0,
  not_before timestamptz NOT NULL DEFAULT now(),
  sql_state text,
  error text,
  PRIMARY KEY (operation_id, tenant_id)
);

CREATE INDEX migration_results_pending_idx ON catalog.migration_results (operation_id, wave, not_before)
  WHERE result = 'pending';
CREATE INDEX migration_results_tenant_id_idx ON catalog.migration_results (tenant_id);
