-- The names that tenants want to be reached at, on their way to `catalog.domains`, which is what requests are routed by: a name
-- comes there when it is proven and served, and goes when it is not.
CREATE TABLE catalog.domain_claims (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  domain text NOT NULL CHECK (domain = lower(domain) AND char_length(domain) BETWEEN 1 AND 253),
  -- Not removed with the tenant: what serves the name is taken down first, so that no name is left that leads to nobody.
  tenant_id bigint NOT NULL REFERENCES catalog.tenants,
  -- What serves it: a custom domain of API Gateway, or a tenant of a CloudFront distribution.
  way text NOT NULL CHECK (way IN ('gateway', 'distribution')),
  state text NOT NULL DEFAULT 'proof wanted'
    CHECK (state IN ('proof wanted', 'proven', 'certificate wanted', 'issuing', 'live', 'failed', 'removing')),
  -- The value of the TXT record that proves it: drawn for each claim.
  proof text NOT NULL,
  -- What AWS calls what was made for it, and the records that are to be set.
  details jsonb NOT NULL DEFAULT '{}',
  -- Why it is not further, and what to do.
  problem text,
  attempts integer NOT NULL DEFAULT 0,
  next_at timestamptz NOT NULL DEFAULT now(),
  leased_until timestamptz,
  -- Since when a live one leads elsewhere.
  strayed_at timestamptz,
  checked_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (domain, tenant_id)
);

-- Of the tenants that want one name, the one with proof has it; and for as long as something is there that was made for it. What
-- was entered without proof holds nothing.
CREATE UNIQUE INDEX domain_claims_held_idx ON catalog.domain_claims (domain)
  WHERE proof <> '' AND state <> 'proof wanted' AND NOT (state = 'failed' AND details - 'restart' = '{}');
CREATE INDEX domain_claims_next_at_idx ON catalog.domain_claims (next_at);
CREATE INDEX domain_claims_tenant_id_idx ON catalog.domain_claims (tenant_id);

-- Names that operators entered before proof was asked for stay as they are, and are not looked at.
INSERT INTO catalog.domain_claims (domain, tenant_id, way, state, proof, next_at)
  SELECT domain, tenant_id, 'gateway', 'live', '', 'infinity' FROM catalog.domains;
