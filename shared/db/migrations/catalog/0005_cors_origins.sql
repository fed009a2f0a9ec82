-- The origins whose pages may call a tenant on its own domains: `https://shop.acme.com`, as browsers send them.
ALTER TABLE catalog.tenants ADD COLUMN cors_origins text[] NOT NULL DEFAULT '{}'
  CHECK (cardinality(cors_origins) <= 100);
