import type pg from 'pg'
import { withOwnerTransaction } from '../db/owner-transaction.ts'
import { AppError } from '../errors.ts'
import { type TenantRow, tenantColumns, toTenant } from './catalog-queries.ts'
import type { ControlPlane } from './control-plane.ts'
import { drawSchemaName } from './slug.ts'
import type { Tenant } from './tenant.ts'

export interface Registration {
  readonly slug: string
  readonly name: string
  /** Canonical, without repetition. */
  readonly domains: readonly string[]
  readonly placement: string
}

/**
 * The first step of onboarding: the catalog's row, `provisioning`, and the domains. A slug that is registered already
 * with the same name and domains is found, not made; with others it is `slug_taken`. A domain of another tenant is
 * `domain_taken`. Nothing is left of a registration that fails.
 */
export async function registerTenant({ pools, catalog }: ControlPlane, registration: Registration): Promise<Tenant> {
  return withOwnerTransaction(pools, catalog, async (client) => {
    const inserted = await insertTenant(client, registration)
    if (inserted !== undefined) {
      await insertDomains(client, inserted.id, registration.domains)
      return inserted
    }
    return findSame(client, registration)
  })
}

async function insertTenant(
  client: pg.ClientBase,
  { slug, name, placement }: Registration,
): Promise<Tenant | undefined> {
  const { rows } = await client.query<TenantRow>(
    `INSERT INTO catalog.tenants AS t (slug, name, placement, schema_name) VALUES ($1, $2, $3, $4)
     ON CONFLICT (slug) DO NOTHING RETURNING ${tenantColumns}`,
    [slug, name, placement, drawSchemaName(slug)],
  )
  return rows[0] && toTenant(rows[0])
}

async function insertDomains(client: pg.ClientBase, tenantId: string, domains: readonly string[]): Promise<void> {
  if (domains.length === 0) return
  const { rows } = await client.query<{ domain: string }>(
    `INSERT INTO catalog.domains (domain, tenant_id) SELECT domain, $1 FROM unnest($2::text[]) AS domain
     ON CONFLICT DO NOTHING RETURNING domain`,
    [tenantId, domains],
  )
  const entered = new Set(rows.map((row) => row.domain))
  const taken = domains.filter((domain) => !entered.has(domain))
  if (taken.length > 0) throw new AppError('domain_taken', `Another tenant has the domain ${taken.join(', ')}.`)
}

async function findSame(client: pg.ClientBase, { slug, name, domains }: Registration): Promise<Tenant> {
  const { rows } = await client.query<TenantRow & { domains: string[] }>(
    `SELECT ${tenantColumns},
       ARRAY(SELECT d.domain FROM catalog.domains d WHERE d.tenant_id = t.id ORDER BY d.domain) AS domains
     FROM catalog.tenants t WHERE t.slug = $1`,
    [slug],
  )
  const [existing] = rows
  const same = existing?.name === name && existing.domains.join() === domains.toSorted().join()
  if (existing === undefined || !same) {
    throw new AppError('slug_taken', `The slug "${slug}" belongs to a tenant with another name or other domains.`)
  }
  const { domains: _, ...row } = existing
  return toTenant(row)
}
