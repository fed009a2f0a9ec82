-- Who may call the API for a tenant: API keys of our own, and tokens of the tenant's own identity providers.
CREATE TABLE catalog.api_keys (
  key_id text PRIMARY KEY CHECK (key_id ~ '^[a-z2-7]{12}$'),
  tenant_id bigint NOT NULL REFERENCES catalog.tenants ON DELETE CASCADE,
  name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
  -- SHA-256 of the whole key, which is shown once and kept nowhere.
  key_hash bytea NOT NULL CHECK (octet_length(key_hash) = 32),
  scopes text[] NOT NULL CHECK (cardinality(scopes) > 0),
  expires_at timestamptz,
  revoked_at timestamptz,
  -- The key that takes its place, made by a rotation.
  replaced_by text,
  -- To the hour; collected from the tenant's placement.
  last_used_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX api_keys_tenant_id_idx ON catalog.api_keys (tenant_id);

-- The public keys of an issuer, as its JWKS endpoint gave them.
CREATE TABLE catalog.signing_keys (
  issuer text PRIMARY KEY CHECK (issuer ~ '^https://'),
  -- Null: as the issuer's discovery document says.
  jwks_uri text CHECK (jwks_uri ~ '^https://'),
  jwks jsonb,
  fetched_at timestamptz,
  -- When they were last asked for, successfully or not.
  asked_at timestamptz,
  problem text
);

-- What an issuer calls the API, and the claim, if any, that tells the tenants behind it apart: one for all of them, since a
-- token that carries two could open two.
CREATE TABLE catalog.token_audiences (
  issuer text NOT NULL REFERENCES catalog.signing_keys,
  audience text NOT NULL CHECK (char_length(audience) BETWEEN 1 AND 255),
  tenant_claim text NOT NULL DEFAULT '',
  PRIMARY KEY (issuer, audience),
  UNIQUE (issuer, audience, tenant_claim)
);

-- Whose tokens a tenant takes. Without a tenant claim an (issuer, audience) belongs to one tenant.
CREATE TABLE catalog.token_issuers (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id bigint NOT NULL REFERENCES catalog.tenants ON DELETE CASCADE,
  issuer text NOT NULL,
  audience text NOT NULL,
  tenant_claim text NOT NULL DEFAULT '',
  tenant_value text NOT NULL DEFAULT '',
  -- The claim that holds what the caller may do, and what its values mean here; null: the scopes themselves.
  scope_claim text NOT NULL DEFAULT 'scope',
  scope_map jsonb,
  created_at timestamptz NOT NULL DEFAULT now(),
  CHECK ((tenant_claim = '') = (tenant_value = '')),
  UNIQUE (issuer, audience, tenant_value),
  FOREIGN KEY (issuer, audience, tenant_claim) REFERENCES catalog.token_audiences (issuer, audience, tenant_claim)
);

CREATE INDEX token_issuers_tenant_id_idx ON catalog.token_issuers (tenant_id);
