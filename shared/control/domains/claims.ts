import { randomBytes } from 'node:crypto'
import type pg from 'pg'
import { onlyRow } from '../../db/only-row.ts'
import { withOwnerTransaction } from '../../db/owner-transaction.ts'
import { AppError } from '../../errors.ts'
import type { ControlPlane } from '../../tenancy/control-plane.ts'
import type { TenantStatus } from '../../tenancy/tenant.ts'
import { getTenant } from '../list-tenants.ts'
import { type Claim, claimColumns } from './claim.ts'

export const fromClaims = 'FROM catalog.domain_claims c JOIN catalog.tenants t ON t.id = c.tenant_id'

/**
 * Claims a name for a tenant; asked for again, the claim that is there. Others may claim it as well: the one with proof has
 * it. `domain` is canonical. Throws `tenant_unknown`, `wrong_status` for a tenant that is being deleted, or `conflict` for a
 * name whose removal has not ended.
 */
export async function addClaim(
  control: ControlPlane,
  slug: string,
  { domain, way }: Pick<Claim, 'domain' | 'way'>,
): Promise<{ readonly claim: Claim; readonly created: boolean }> {
  const proof = drawProof()
  return withOwnerTransaction(control.pools, control.catalog, async (client) => {
    // Held until the claim is there, so that no purge comes between.
    const { rows } = await client.query<{ id: string; status: TenantStatus }>(
      'SELECT id, status FROM catalog.tenants WHERE slug = $1 FOR SHARE',
      [slug],
    )
    const [tenant] = rows
    if (tenant === undefined) throw new AppError('tenant_unknown', `There is no tenant "${slug}".`)
    if (tenant.status === 'deleting') {
      throw new AppError('wrong_status', `The tenant "${slug}" is being deleted, and can claim no domain.`)
    }
    const entered = await client.query<{ made: boolean }>(
      // One whose removal ends at this moment is waited for, and is either gone or seen.
      `INSERT INTO catalog.domain_claims AS c (domain, tenant_id, way, proof) VALUES ($1, $2, $3, $4)
       ON CONFLICT (domain, tenant_id) DO UPDATE SET domain = c.domain RETURNING xmax = 0 AS made`,
      [domain, tenant.id, way, proof],
    )
    const claim = await findClaim(client, slug, domain)
    if (claim.state === 'removing') {
      throw new AppError('conflict', `${domain} is still being removed; add it again when it is gone.`)
    }
    return { claim, created: onlyRow(entered.rows).made }
  })
}

function drawProof(): string {
  return `atrium-proof=${randomBytes(20).toString('hex')}`
}

async function findClaim(client: pg.ClientBase, slug: string, domain: string): Promise<Claim> {
  const { rows } = await client.query<Claim>(
    `SELECT ${claimColumns} ${fromClaims} WHERE t.slug = $1 AND c.domain = $2`,
    [...[slug, domain]],
  )
  if (rows[0] === undefined) throw new AppError('not_found', `The tenant "${slug}" has not claimed ${domain}.`)
  return rows[0]
}

/** Throws `tenant_unknown`, or `not_found` for a name that the tenant has not claimed. */
export async function getClaim(control: ControlPlane, slug: string, domain: string): Promise<Claim> {
  await getTenant(control, slug)
  return withOwnerTransaction(control.pools, control.catalog, (client) => findClaim(client, slug, domain))
}

/** Claims of a tenant, or of everyone, in the order of their ids, from behind `after`. Throws `tenant_unknown`. */
export async function listClaims(
  control: ControlPlane,
  page: { readonly slug: string | null; readonly after: string; readonly limit: number },
): Promise<Claim[]> {
  const { slug, after, limit } = page
  if (slug !== null) await getTenant(control, slug)
  const { rows } = await withOwnerTransaction(control.pools, control.catalog, (client) =>
    client.query<Claim>(
      `SELECT ${claimColumns} ${fromClaims}
       WHERE ($1::text IS NULL OR t.slug = $1) AND c.id > $2 ORDER BY c.id LIMIT $3`,
      [slug, after, limit],
    ),
  )
  return rows
}

/**
 * Has a claim looked at now rather than when its turn comes; one that failed begins anew, when what it has left is freed.
 * Throws as `getClaim` does.
 */
export async function hastenClaim(control: ControlPlane, slug: string, domain: string): Promise<Claim> {
  await getClaim(control, slug, domain)
  return withOwnerTransaction(control.pools, control.catalog, async (client) => {
    await client.query(
      `UPDATE catalog.domain_claims c SET next_at = clock_timestamp(), attempts = 0,
         state = CASE WHEN c.state = 'failed' AND c.details - 'restart' = '{}' THEN 'proof wanted' ELSE c.state END,
         details = CASE WHEN c.state <> 'failed' THEN c.details
           WHEN c.details - 'restart' = '{}' THEN '{}' ELSE c.details || '{"restart": true}' END,
         problem = CASE WHEN c.state = 'failed' THEN NULL ELSE c.problem END,
         created_at = CASE WHEN c.state = 'failed' THEN now() ELSE c.created_at END
       FROM catalog.tenants t WHERE t.id = c.tenant_id AND t.slug = $1 AND c.domain = $2 AND c.proof <> ''`,
      [slug, domain],
    )
    return findClaim(client, slug, domain)
  })
}

/** Routes a name no longer, from within 10 s, and has what serves it taken down. Throws as `getClaim` does. */
export async function removeClaim(control: ControlPlane, slug: string, domain: string): Promise<void> {
  await getClaim(control, slug, domain)
  await withOwnerTransaction(control.pools, control.catalog, (client) =>
    removeClaimsWhere(client, 't.slug = $1 AND c.domain = $2', [slug, domain]),
  )
}

/** All of a tenant's, before it is purged. Answers how many there are still. */
export async function removeClaimsOf(control: ControlPlane, tenantId: string): Promise<number> {
  return withOwnerTransaction(control.pools, control.catalog, async (client) => {
    await removeClaimsWhere(client, 'c.tenant_id = $1', [tenantId])
    // Whoever waits for them looks again now.
    const { rowCount } = await client.query(
      'UPDATE catalog.domain_claims SET next_at = clock_timestamp() WHERE tenant_id = $1',
      [tenantId],
    )
    return rowCount ?? 0
  })
}

async function removeClaimsWhere(client: pg.ClientBase, condition: string, values: readonly string[]): Promise<void> {
  const theirs = `t.id = c.tenant_id AND ${condition}`
  // Held first: a look that makes a name live at this moment has ended before its route is taken away, or begins behind.
  await client.query(`SELECT ${fromClaims} WHERE ${condition} FOR UPDATE OF c`, [...values])
  await client.query(
    `DELETE FROM catalog.domains d USING catalog.domain_claims c, catalog.tenants t
     WHERE d.domain = c.domain AND d.tenant_id = c.tenant_id AND ${theirs}`,
    [...values],
  )
  // For most of them nothing has been made yet that is to be taken down.
  const nothing = "c.details - 'restart' = '{}'"
  await client.query(`DELETE FROM catalog.domain_claims c USING catalog.tenants t WHERE ${nothing} AND ${theirs}`, [
    ...values,
  ])
  // The lease stays: what a look that is under way makes is written down before anything is taken down.
  await client.query(
    `UPDATE catalog.domain_claims c SET state = 'removing', next_at = clock_timestamp(), attempts = 0, problem = NULL
     FROM catalog.tenants t WHERE c.state <> 'removing' AND ${theirs}`,
    [...values],
  )
}

/** How many claims of a tenant there are. */
export async function countClaims({ pools, catalog }: ControlPlane, tenantId: string): Promise<number> {
  const { rows } = await withOwnerTransaction(pools, catalog, (client) =>
    client.query<{ count: number }>('SELECT count(*)::int FROM catalog.domain_claims WHERE tenant_id = $1', [tenantId]),
  )
  return onlyRow(rows).count
}
