import type pg from 'pg'
import { withOwnerTransaction } from '../db/owner-transaction.ts'
import { type Refusals, refuse } from '../db/refusals.ts'
import { sqlState } from '../db/sql-states.ts'
import { AppError } from '../errors.ts'
import { type TenantRow, tenantColumns, toTenant } from './catalog-queries.ts'
import type { ControlPlane } from './control-plane.ts'
import { lockPlacements } from './register-placement.ts'
import { drawSchemaName } from './slug.ts'
import type { Tenant } from './tenant.ts'

export interface Registration {
  readonly slug: string
  readonly name: string
  /** Routed at once, for who knows them to be the tenant's: canonical, without repetition. Others are claimed. */
  readonly domains: readonly string[]
  /** Undefined: the emptiest placement with room. */
  readonly placement: string | undefined
  /** `standard` unless given. */
  readonly plan?: string | undefined
  /** The schema's name; drawn unless given. */
  readonly schema?: string
}

/**
 * The first step of onboarding: the catalog's row, `provisioning`, and the domains. A slug that is registered already
 * with the same name and at least these domains is found, not made; else it is `slug_taken`. A domain of another tenant is
 * `domain_taken`; `plan_unknown` for a plan that there is not; `placements_full` when no placement has room, `placement_unknown` for one that there is not. Nothing
 * is left of a registration that fails.
 */
export async function registerTenant({ pools, catalog }: ControlPlane, registration: Registration): Promise<Tenant> {
  return withOwnerTransaction(pools, catalog, async (client) => {
    // One after the other, so that a placement's limit holds; in the same flight as the INSERT.
    const [, inserted] = await Promise.all([
      lockPlacements(client, registration.placement),
      insert(client, registration),
    ])
    return inserted ?? findSame(client, registration)
  })
}

async function insert(
  client: pg.ClientBase,
  { slug, name, domains, placement, plan, schema = drawSchemaName(slug) }: Registration,
): Promise<Tenant | undefined> {
  const text = `WITH chosen AS (
       SELECT p.name FROM catalog.placements p
       CROSS JOIN LATERAL (SELECT count(*) AS tenants FROM catalog.tenants o WHERE o.placement = p.name) AS c
       WHERE c.tenants < p.tenant_limit AND CASE WHEN $3::text IS NULL THEN p.accepts_tenants ELSE p.name = $3 END
       ORDER BY c.tenants, p.name LIMIT 1
     ), t AS (
       INSERT INTO catalog.tenants (slug, name, placement, schema_name, plan)
       SELECT $1, $2, chosen.name, $4, coalesce($5, 'standard') FROM chosen
       ON CONFLICT (slug) DO NOTHING RETURNING *
     )
     SELECT ${tenantColumns} FROM t`
  const values = [slug, name, placement ?? null, schema, plan ?? null]
  const { rows } = await client
    .query<TenantRow>(text, values)
    .catch((error) => refuse(error, { [sqlState.foreignKeyViolation]: planUnknown(plan) }))
  const [row] = rows
  if (row === undefined) return undefined
  if (domains.length > 0) await enterDomains(client, row.id, domains)
  return toTenant(row)
}

/** Routes the domains to the tenant. Throws `domain_taken`. */
async function enterDomains(client: pg.ClientBase, tenantId: string, domains: readonly string[]): Promise<void> {
  const { rows } = await client.query<{ domain: string }>(
    `WITH entered AS (
       INSERT INTO catalog.domains (domain, tenant_id) SELECT unnest($1::text[]), $2
       ON CONFLICT DO NOTHING RETURNING domain, tenant_id
     ), claimed AS (
       INSERT INTO catalog.domain_claims (domain, tenant_id, way, state, proof, next_at)
       SELECT domain, tenant_id, 'gateway', 'live', '', 'infinity' FROM entered
     )
     SELECT domain FROM entered`,
    [domains, tenantId],
  )
  const entered = new Set(rows.map(({ domain }) => domain))
  const taken = domains.filter((domain) => !entered.has(domain))
  if (taken.length > 0) throw new AppError('domain_taken', `Another tenant has the domain ${taken.join(', ')}.`)
}

function planUnknown(plan: string | undefined): Refusals[string] {
  return { code: 'plan_unknown', detail: `There is no plan "${plan}".` }
}

async function findSame(client: pg.ClientBase, { slug, name, domains, placement }: Registration): Promise<Tenant> {
  const { rows } = await client.query<TenantRow & { domains: string[] }>(
    `SELECT ${tenantColumns},
       ARRAY(SELECT d.domain FROM catalog.domains d WHERE d.tenant_id = t.id ORDER BY d.domain) AS domains
     FROM catalog.tenants t WHERE t.slug = $1`,
    [slug],
  )
  const [existing] = rows
  if (existing === undefined) throw await whyNoPlacement(client, placement)
  const same = existing?.name === name && domains.every((domain) => existing.domains.includes(domain))
  if (!same) {
    throw new AppError(
      'slug_taken',
      `The slug "${slug}" belongs to a tenant with another name or without these domains.`,
    )
  }
  const { domains: _, ...row } = existing
  return toTenant(row)
}

async function whyNoPlacement(client: pg.ClientBase, placement: string | undefined): Promise<AppError> {
  const { rows } = await client.query<{ name: string; tenant_limit: number }>(
    'SELECT name, tenant_limit FROM catalog.placements ORDER BY name',
  )
  const names = rows.map(({ name }) => name).join(', ')
  if (placement !== undefined) {
    const full = rows.find(({ name }) => name === placement)
    if (full !== undefined) {
      const detail = `The placement "${placement}" is full, at ${full.tenant_limit}: raise its limit, or name another.`
      return new AppError('placements_full', detail)
    }
    return new AppError('placement_unknown', `There is no placement "${placement}"; there are: ${names}.`)
  }
  return new AppError(
    'placements_full',
    `No placement has room for another tenant (${names}): add one, or raise the limit of one.`,
  )
}
