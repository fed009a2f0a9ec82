-- The catalog: who the tenants are and where they live. It exists in the first placement's database only.
CREATE SCHEMA catalog;

CREATE TABLE catalog.placements (
  name text PRIMARY KEY CHECK (name ~ '^[a-z][a-z0-9-]{0,38}$'),
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE catalog.tenants (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  slug text NOT NULL UNIQUE CHECK (slug ~ '^[a-z][a-z0-9-]{1,38}[a-z0-9]$'),
  name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
  status text NOT NULL DEFAULT 'provisioning'
    CHECK (status IN ('provisioning', 'active', 'suspending', 'suspended', 'moving', 'deleting')),
  placement text NOT NULL REFERENCES catalog.placements,
  schema_name text NOT NULL UNIQUE CHECK (schema_name ~ '^t_[a-z0-9_]{1,61}$'),
  -- A copy of atrium.tenant_versions, for questions about the fleet.
  version integer NOT NULL DEFAULT 0 CHECK (version >= 0),
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX tenants_placement_idx ON catalog.tenants (placement);

CREATE TABLE catalog.domains (
  domain text PRIMARY KEY CHECK (domain = lower(domain) AND char_length(domain) BETWEEN 1 AND 253),
  tenant_id bigint NOT NULL REFERENCES catalog.tenants ON DELETE CASCADE,
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX domains_tenant_id_idx ON catalog.domains (tenant_id);
