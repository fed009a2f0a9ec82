/** What the API's login may do outside tenants' schemas: on these columns, and on nothing else. */
export interface ApiGrant {
  readonly table: string
  readonly privilege: 'SELECT' | 'INSERT' | 'UPDATE'
  readonly columns: readonly string[]
}

const leaseColumns = ['tokens', 'drawn_at', 'granted']
const usageCounts = ['requests', 'throttled', 'errors', 'database_ms', 'rows', 'bytes']

/** In every placement: the version gate's second look, and what the API notes beside its work. */
export const placementGrants: readonly ApiGrant[] = [
  { table: 'atrium.tenant_versions', privilege: 'SELECT', columns: ['schema_name', 'version'] },
  { table: 'atrium.serving_code', privilege: 'SELECT', columns: ['code_version', 'last_seen'] },
  { table: 'atrium.serving_code', privilege: 'INSERT', columns: ['code_version'] },
  { table: 'atrium.serving_code', privilege: 'UPDATE', columns: ['last_seen'] },
  { table: 'atrium.key_uses', privilege: 'SELECT', columns: ['key_id', 'used_at'] },
  { table: 'atrium.key_uses', privilege: 'INSERT', columns: ['key_id', 'used_at'] },
  { table: 'atrium.key_uses', privilege: 'UPDATE', columns: ['used_at'] },
  { table: 'atrium.rate_leases', privilege: 'SELECT', columns: ['tenant_id', ...leaseColumns] },
  { table: 'atrium.rate_leases', privilege: 'INSERT', columns: ['tenant_id', ...leaseColumns] },
  { table: 'atrium.rate_leases', privilege: 'UPDATE', columns: leaseColumns },
  { table: 'atrium.usage', privilege: 'SELECT', columns: ['tenant_id', 'day', ...usageCounts] },
  { table: 'atrium.usage', privilege: 'INSERT', columns: ['tenant_id', 'day', ...usageCounts] },
  { table: 'atrium.usage', privilege: 'UPDATE', columns: usageCounts },
]

/** Where the catalog is: what resolving a tenant and believing a credential needs. */
export const catalogGrants: readonly ApiGrant[] = [
  {
    ...{ table: 'catalog.tenants', privilege: 'SELECT' },
    columns: [
      ...['id', 'slug', 'name', 'status', 'placement', 'schema_name', 'version', 'cors_origins', 'plan', 'over_limit'],
    ],
  },
  {
    ...{ table: 'catalog.plans', privilege: 'SELECT' },
    columns: ['name', 'requests_per_second', 'burst', 'statement_ms', 'page_size'],
  },
  { table: 'catalog.domains', privilege: 'SELECT', columns: ['domain', 'tenant_id'] },
  {
    ...{ table: 'catalog.api_keys', privilege: 'SELECT' },
    columns: ['key_id', 'tenant_id', 'key_hash', 'scopes', 'expires_at', 'revoked_at'],
  },
  {
    ...{ table: 'catalog.token_issuers', privilege: 'SELECT' },
    columns: ['tenant_id', 'issuer', 'audience', 'tenant_claim', 'tenant_value', 'scope_claim', 'scope_map'],
  },
  { table: 'catalog.signing_keys', privilege: 'SELECT', columns: ['issuer', 'jwks'] },
]
