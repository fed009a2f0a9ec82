/** A guard of the isolation: how it is taken out, and which tests should notice. */
export interface Guard {
  readonly name: string
  readonly file: string
  readonly without: readonly [from: string, to: string]
  readonly tests: readonly string[]
}

export const guards: readonly Guard[] = [
  {
    name: 'the role switch',
    file: 'shared/db/migrations/placement/0009_planning_once.sql',
    without: ["\n    OPERATOR(pg_catalog.||) pg_catalog.set_config('role', schema_name, true);", ';'],
    tests: ['test/isolation/connections.test.ts'],
  },
  {
    name: 'the search_path',
    file: 'shared/db/migrations/placement/0009_planning_once.sql',
    without: ["pg_catalog.quote_ident(schema_name) OPERATOR(pg_catalog.||) ', pg_temp'", "'public, pg_temp'"],
    tests: ['test/isolation/connections.test.ts'],
  },
  {
    name: 'pg_temp at the end of the path',
    file: 'shared/db/migrations/placement/0009_planning_once.sql',
    without: [
      "pg_catalog.quote_ident(schema_name) OPERATOR(pg_catalog.||) ', pg_temp'",
      'pg_catalog.quote_ident(schema_name)',
    ],
    tests: ['test/isolation/connections.test.ts'],
  },
  {
    name: 'reads that are read-only',
    file: 'shared/db/migrations/placement/0009_planning_once.sql',
    without: ['CASE WHEN read_only THEN', 'CASE WHEN false THEN'],
    tests: ['test/shared/db/tenant-database.test.ts'],
  },
  {
    name: 'INHERIT FALSE',
    file: 'shared/tenancy/build-tenant-schema.ts',
    without: ['WITH INHERIT FALSE, SET TRUE', 'WITH INHERIT TRUE, SET TRUE'],
    tests: ['test/isolation/grants.test.ts'],
  },
  {
    name: 'nothing for PUBLIC in the database',
    file: 'shared/tenancy/create-placement.ts',
    without: ['    REVOKE ALL ON DATABASE ${database} FROM PUBLIC;\n', ''],
    tests: ['test/isolation/grants.test.ts'],
  },
  {
    name: 'nothing for PUBLIC in the schema public',
    file: 'shared/tenancy/create-placement.ts',
    without: ['    REVOKE ALL ON SCHEMA public FROM PUBLIC;\n', ''],
    tests: ['test/isolation/grants.test.ts'],
  },
  {
    name: 'leaving the tenant before the catalog is read',
    file: 'shared/db/notes.ts',
    without: ["{ text: 'SELECT FROM atrium.leave()', values: [] }", "{ text: 'SELECT', values: [] }"],
    tests: ['test/isolation/connections.test.ts'],
  },
  {
    name: 'the tenant in the cache key',
    file: 'shared/tenancy/tenant.ts',
    without: ['`slug:${name.slug}`', "'slug'"],
    tests: ['test/isolation/foreign-objects.test.ts'],
  },
  {
    name: 'names that must agree',
    file: 'shared/tenancy/resolve-tenant.ts',
    without: ['found.some((other) => other?.id !== tenant?.id)', 'false'],
    tests: ['test/shared/http/tenant-resolution.test.ts'],
  },
  {
    name: 'the credential belongs to the tenant',
    file: 'shared/http/serve-tenant.ts',
    without: ['credential.grants.find(({ tenantId }) => tenantId === tenant?.id)', 'credential.grants[0]'],
    tests: ['test/isolation/wrong-callers.test.ts'],
  },
  {
    name: 'the scope of the route',
    file: 'shared/http/steps/admit-caller.ts',
    without: ['if (!grant.scopes.has(access))', 'if (grant.scopes.size === 0)'],
    tests: ['test/isolation/wrong-callers.test.ts'],
  },
  {
    name: 'the hash of the key',
    file: 'shared/tenancy/credential-directory.ts',
    without: ['if (row === undefined || !same) return undefined', 'if (row === undefined) return undefined'],
    tests: ['test/shared/http/api-keys.test.ts'],
  },
  {
    name: 'the end of the key',
    file: 'shared/tenancy/credential-directory.ts',
    without: ['if (known === undefined || known.endsAt <= now())', 'if (known === undefined)'],
    tests: ['test/isolation/wrong-callers.test.ts'],
  },
  {
    name: 'the end of a key that is remembered',
    file: 'shared/tenancy/credential-directory.ts',
    without: ['return cached.endsAt > now() ? cached.credential : undefined', 'return cached.credential'],
    tests: ['test/shared/http/api-keys.test.ts'],
  },
  {
    name: 'the age of what is remembered of credentials',
    file: 'shared/tenancy/credential-directory.ts',
    without: ['hit: 10 * second', 'hit: 100 * second'],
    tests: ['test/shared/http/api-keys.test.ts'],
  },
  {
    name: 'the claim that tells tenants behind one issuer apart',
    file: 'shared/tenancy/credential-queries.ts',
    without: [
      "AND (i.tenant_claim = '' OR ($3::jsonb -> i.tenant_claim) = to_jsonb(i.tenant_value))",
      'AND $3::jsonb IS NOT NULL',
    ],
    tests: ['test/shared/http/tokens.test.ts'],
  },
  {
    name: 'public addresses alone',
    file: 'shared/courier/fetch-json.ts',
    without: ['if (!addresses.every(isAllowed))', 'if (addresses.length === 0)'],
    tests: ['test/shared/courier/fetch-signing-keys.test.ts'],
  },
  {
    name: "the client's error listener",
    file: 'shared/db/pools.ts',
    without: ["    client.on('error', onError)\n", ''],
    tests: ['test/shared/db/tenant-database.test.ts'],
  },
  {
    name: 'a client that is still in a transaction is destroyed',
    file: 'shared/db/pools.ts',
    without: ["client.getTransactionStatus() !== 'I' || isSpent", 'isSpent'],
    tests: ['test/isolation/connections.test.ts'],
  },
  {
    name: "COMMIT's tag",
    file: 'shared/db/tenant-database.ts',
    without: ["if (command !== 'COMMIT')", 'if (command === undefined)'],
    tests: ['test/shared/db/tenant-database.test.ts'],
  },
  {
    name: 'statements that come after the transaction',
    file: 'shared/db/tenant-database.ts',
    without: ["    if (closed) throw new Error('the tenant transaction has ended')\n", ''],
    tests: ['test/shared/db/tenant-database.test.ts'],
  },
  {
    name: 'the fingerprint of the request',
    file: 'shared/http/idempotency.ts',
    without: ['  if (isSame) return\n', '  if (isSame || !isSame) return\n'],
    tests: ['test/functions/idempotency.test.ts'],
  },
  {
    name: 'the order placed only with a key that was free',
    file: 'functions/orders/order-queries.ts',
    without: ['FROM priced, claim WHERE claim.created', 'FROM priced, claim'],
    tests: ['test/functions/idempotency.test.ts'],
  },
  {
    name: 'the tenant in the entity tag',
    file: 'shared/http/entity-tag.ts',
    without: ['`${tenantId}\\n${body}`', 'body'],
    tests: ['test/functions/entity-tags.test.ts'],
  },
  {
    name: 'the lock between reading and changing',
    file: 'functions/products/product-queries.ts',
    without: [' WHERE id = $1 FOR UPDATE', ' WHERE id = $1'],
    tests: ['test/functions/entity-tags.test.ts'],
  },
  {
    name: "the database's words kept from the answer",
    file: 'shared/db/refusals.ts',
    without: [
      "throw new AppError('internal', 'The request could not be carried out.', { cause: error })",
      "throw new AppError('internal', String(error), { cause: error })",
    ],
    tests: ['test/isolation/database-errors.test.ts'],
  },
  {
    name: 'the new owner of an old name',
    file: 'shared/http/serve-tenant.ts',
    without: [
      'const { tenant } = requireGrant(admitted.credential, await resolveTenant(applicationDirectory(), admitted.named))',
      'const tenant = (await resolveTenant(applicationDirectory(), admitted.named)) ?? admitted.tenant',
    ],
    tests: ['test/isolation/purged-slug.test.ts'],
  },
  {
    name: 'the secret that the host behind our own CDN is believed by',
    file: 'shared/http/steps/find-host.ts',
    without: ['if (await secrets.isOurs(sent))', 'if (secrets !== undefined)'],
    tests: ['test/shared/http/behind-the-cdn.test.ts'],
  },
  {
    name: 'the proof of a name before it is routed',
    file: 'shared/control/domains/advance-claim.ts',
    without: ["seeing([proofRecord(claim)], () => move('proven'", "seeing([], () => move('proven'"],
    tests: ['test/shared/control/domains/domains.test.ts'],
  },
  {
    name: 'the one tenant that holds a name',
    file: 'shared/db/migrations/catalog/0006_domain_claims.sql',
    without: ['CREATE UNIQUE INDEX domain_claims_held_idx', 'CREATE INDEX domain_claims_held_idx'],
    tests: ['test/shared/control/domains/domains.test.ts'],
  },
  {
    name: "a tenant's origins at its own domain alone",
    file: 'shared/http/steps/share-with-origins.ts',
    without: ['!allowed?.includes(origin)', 'allowed === undefined'],
    tests: ['test/functions/cors.test.ts'],
  },
  {
    name: 'the schema closed to a suspended tenant',
    file: 'shared/control/schema-access.ts',
    without: ['`REVOKE USAGE ON SCHEMA ${name} FROM ${name}`', "'SELECT'"],
    tests: ['test/functions/tenants.test.ts'],
  },
  {
    name: 'the credit of an instance at its end',
    file: 'shared/tenancy/rate-leases.ts',
    without: ['if (lease.owed < lease.slice)', 'if (lease.owed < 1_000)'],
    tests: ['test/shared/tenancy/rate-leases.test.ts', 'test/functions/plans.test.ts'],
  },
  {
    name: 'the tokens that are gone from the bucket',
    file: 'shared/tenancy/rate-leases.ts',
    without: ['there - least($2::int, floor(there))', 'there'],
    tests: ['test/shared/tenancy/rate-leases.test.ts'],
  },
  {
    name: 'what adds to a tenant that has too much',
    file: 'shared/http/steps/limit-tenant.ts',
    without: ['if (over === null ||', 'if (over !== undefined ||'],
    tests: ['test/functions/plans.test.ts'],
  },
]
