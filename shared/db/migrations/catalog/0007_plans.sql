-- What a tenant may ask for, so that it cannot take what others need. Null: no limit of its own.
CREATE TABLE catalog.plans (
  name text PRIMARY KEY CHECK (name ~ '^[a-z][a-z0-9-]{0,38}$'),
  requests_per_second real CHECK (requests_per_second > 0),
  -- The most that may come at once.
  burst integer CHECK (burst > 0),
  -- Milliseconds that one statement may take.
  statement_ms integer CHECK (statement_ms > 0),
  -- Rows that a page of a list may have.
  page_size integer CHECK (page_size > 0),
  row_limit bigint CHECK (row_limit > 0),
  storage_bytes bigint CHECK (storage_bytes > 0),
  created_at timestamptz NOT NULL DEFAULT now(),
  CHECK ((requests_per_second IS NULL) = (burst IS NULL))
);

INSERT INTO catalog.plans (name) VALUES ('standard');

ALTER TABLE catalog.tenants
  ADD COLUMN plan text NOT NULL DEFAULT 'standard',
  -- The limit of its plan that its data has gone beyond, when they were last measured.
  ADD COLUMN over_limit text CHECK (over_limit IN ('rows', 'storage'));

ALTER TABLE catalog.tenants ADD CONSTRAINT tenants_plan_fkey FOREIGN KEY (plan) REFERENCES catalog.plans NOT VALID;
ALTER TABLE catalog.tenants VALIDATE CONSTRAINT tenants_plan_fkey;

CREATE INDEX tenants_plan_idx ON catalog.tenants (plan);

-- How large a tenant's data were when they were last measured, by the server's own estimate, unless they had to be counted: then
-- `storage_bytes` is what the rows take, without indexes and what is free between them.
CREATE TABLE catalog.tenant_sizes (
  tenant_id bigint PRIMARY KEY REFERENCES catalog.tenants ON DELETE CASCADE,
  row_count bigint NOT NULL,
  storage_bytes bigint NOT NULL
);

ALTER TABLE catalog.placements ADD COLUMN collected_at timestamptz;

-- What tenants have asked for, a row a day (UTC): copied from the placements, and kept when a tenant is gone.
CREATE TABLE catalog.usage (
  day date NOT NULL,
  tenant_id bigint NOT NULL,
  -- A tenant that has moved has a row for each.
  placement text NOT NULL,
  -- Its slug, which another tenant may have later.
  tenant text NOT NULL,
  requests bigint NOT NULL,
  throttled bigint NOT NULL,
  errors bigint NOT NULL,
  database_ms double precision NOT NULL,
  rows bigint NOT NULL,
  bytes bigint NOT NULL,
  PRIMARY KEY (tenant_id, day, placement)
);
