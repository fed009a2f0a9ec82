import { randomBytes } from 'node:crypto'
import type pg from 'pg'
import { onlyRow } from '../../db/only-row.ts'
import { withOwnerTransaction } from '../../db/owner-transaction.ts'
import { sqlState, sqlStateOf } from '../../db/sql-states.ts'
import { AppError } from '../../errors.ts'
import type { ControlPlane } from '../../tenancy/control-plane.ts'
import { getTenant } from '../list-tenants.ts'
import { type Claim, type ClaimDetails, type ClaimState, claimColumns } from './claim.ts'

const fromClaims = 'FROM catalog.domain_claims c JOIN catalog.tenants t ON t.id = c.tenant_id'

/**
 * Claims a name for a tenant; asked for again, the claim that is there. Others may claim it as well: the one with proof has
 * it. `domain` is canonical. Throws `tenant_unknown`, or `wrong_status` for a tenant that is being deleted.
 */
export async function addClaim(
  control: ControlPlane,
  slug: string,
  { domain, way }: Pick<Claim, 'domain' | 'way'>,
): Promise<{ readonly claim: Claim; readonly created: boolean }> {
  const tenant = await getTenant(control, slug)
  if (tenant.status === 'deleting') {
    throw new AppError('wrong_status', `The tenant "${slug}" is being deleted, and can claim no domain.`)
  }
  const proof = `atrium-proof=${randomBytes(20).toString('hex')}`
  return withOwnerTransaction(control.pools, control.catalog, async (client) => {
    const { rowCount } = await client.query(
      `INSERT INTO catalog.domain_claims (domain, tenant_id, way, proof) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
      [domain, tenant.id, way, proof],
    )
    return { claim: await findClaim(client, slug, domain), created: rowCount === 1 }
  })
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

/** All claims of a tenant, or of everyone, in the order of their names. */
export async function listClaims(control: ControlPlane, slug: string | null): Promise<Claim[]> {
  if (slug !== null) await getTenant(control, slug)
  const { rows } = await withOwnerTransaction(control.pools, control.catalog, (client) =>
    client.query<Claim>(
      `SELECT ${claimColumns} ${fromClaims} WHERE $1::text IS NULL OR t.slug = $1 ORDER BY c.domain, c.id LIMIT 1000`,
      [slug],
    ),
  )
  return rows
}

/** Has a claim looked at now rather than when its turn comes; one that failed begins anew. Throws as `getClaim` does. */
export async function hastenClaim(control: ControlPlane, slug: string, domain: string): Promise<Claim> {
  await getClaim(control, slug, domain)
  return withOwnerTransaction(control.pools, control.catalog, async (client) => {
    await client.query(
      `UPDATE catalog.domain_claims c SET next_at = clock_timestamp(), attempts = 0,
         -- What an attempt that failed has left is freed before the next begins.
         state = CASE WHEN c.state = 'failed' AND c.details = '{}' THEN 'proof wanted' ELSE c.state END,
         problem = CASE WHEN c.state = 'failed' AND c.details = '{}' THEN NULL ELSE c.problem END
       FROM catalog.tenants t WHERE t.id = c.tenant_id AND t.slug = $1 AND c.domain = $2`,
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
    const { rows } = await client.query<{ left: number }>(
      'SELECT count(*)::int AS left FROM catalog.domain_claims WHERE tenant_id = $1',
      [tenantId],
    )
    return onlyRow(rows).left
  })
}

async function removeClaimsWhere(client: pg.ClientBase, condition: string, values: readonly string[]): Promise<void> {
  const theirs = `t.id = c.tenant_id AND ${condition}`
  const routed = `DELETE FROM catalog.domains d USING catalog.domain_claims c, catalog.tenants t
    WHERE d.domain = c.domain AND d.tenant_id = c.tenant_id AND ${theirs}`
  await client.query(routed, [...values])
  // For most of them nothing has been made yet that is to be taken down.
  const empty = `DELETE FROM catalog.domain_claims c USING catalog.tenants t WHERE c.details = '{}' AND ${theirs}`
  await client.query(empty, [...values])
  await client.query(
    `UPDATE catalog.domain_claims c SET state = 'removing', next_at = clock_timestamp(), attempts = 0, problem = NULL
     FROM catalog.tenants t WHERE c.state <> 'removing' AND ${theirs}
       -- One that failed, of a name that another tenant holds by now, frees what it has left by itself.
       AND NOT EXISTS (SELECT FROM catalog.domain_claims o WHERE o.domain = c.domain AND o.id <> c.id
         AND o.state NOT IN ('proof wanted', 'failed'))`,
    [...values],
  )
}

/** Seconds that whoever looks at a claim has for it. */
const lease = 60

/** Takes claims whose turn it is, of one tenant or of all, so that nobody else does meanwhile. */
export async function takeDueClaims(
  { pools, catalog }: ControlPlane,
  most: number,
  tenantId: string | null = null,
): Promise<Claim[]> {
  const { rows } = await withOwnerTransaction(pools, catalog, (client) =>
    client.query<Claim>(
      `UPDATE catalog.domain_claims c SET leased_until = clock_timestamp() + $2 * interval '1 s'
       FROM catalog.tenants t WHERE t.id = c.tenant_id AND c.id IN (
         SELECT id FROM catalog.domain_claims WHERE next_at <= clock_timestamp()
           AND coalesce(leased_until < clock_timestamp(), true) AND ($3::bigint IS NULL OR tenant_id = $3)
         ORDER BY next_at LIMIT $1 FOR UPDATE SKIP LOCKED)
       RETURNING ${claimColumns}`,
      [most, lease, tenantId],
    ),
  )
  return rows
}

/** What a look at a claim came to. */
export interface ClaimStep {
  readonly state: ClaimState | 'removed'
  readonly details?: ClaimDetails
  readonly problem: string | null
  /** Seconds until the next look. */
  readonly wait: number
  /** Whether it got any further, so that its waits begin anew. */
  readonly moved: boolean
  readonly strayed?: boolean
}

/**
 * Writes what a look came to, unless the claim was changed meanwhile: then it is looked at again. Becoming live the name is
 * routed; leaving that, no longer. A name that another tenant holds by now stays where it was, with that for its problem.
 */
export async function storeStep(control: ControlPlane, claim: Claim, step: ClaimStep): Promise<void> {
  try {
    await withOwnerTransaction(control.pools, control.catalog, (client) => store(client, claim, step))
  } catch (error) {
    if (sqlStateOf(error) !== sqlState.uniqueViolation) throw error
    const problem =
      'Another tenant holds this name. It comes free when it is removed there, or leads elsewhere for a week.'
    const waiting = { state: claim.state, problem, wait: 3_600, moved: false }
    await withOwnerTransaction(control.pools, control.catalog, (client) => store(client, claim, waiting))
  }
}

async function store(client: pg.ClientBase, claim: Claim, step: ClaimStep): Promise<void> {
  const { id, state: before, domain, tenant_id } = claim
  if (step.state === 'removed') {
    await client.query("DELETE FROM catalog.domain_claims WHERE id = $1 AND state = 'removing'", [id])
    return
  }
  const { rowCount } = await client.query(
    `UPDATE catalog.domain_claims SET state = $3, details = $4, problem = $5, leased_until = NULL,
       attempts = CASE WHEN $6 THEN 0 ELSE attempts + 1 END, next_at = clock_timestamp() + $7 * interval '1 s',
       checked_at = clock_timestamp(),
       strayed_at = CASE WHEN $8 THEN coalesce(strayed_at, clock_timestamp()) END
     WHERE id = $1 AND state = $2`,
    [
      ...[id, before, step.state, JSON.stringify(step.details ?? claim.details), step.problem, step.moved, step.wait],
      step.strayed ?? false,
    ],
  )
  if (rowCount === 0) {
    await client.query('UPDATE catalog.domain_claims SET leased_until = NULL WHERE id = $1', [id])
    return
  }
  if (step.state === 'live') {
    await client.query('INSERT INTO catalog.domains (domain, tenant_id) VALUES ($1, $2) ON CONFLICT DO NOTHING', [
      ...[domain, tenant_id],
    ])
  } else if (before === 'live') {
    await client.query('DELETE FROM catalog.domains WHERE domain = $1 AND tenant_id = $2', [domain, tenant_id])
  }
}
