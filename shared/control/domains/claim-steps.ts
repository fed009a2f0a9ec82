import type pg from 'pg'
import { withOwnerTransaction } from '../../db/owner-transaction.ts'
import { sqlState, sqlStateOf } from '../../db/sql-states.ts'
import type { ControlPlane } from '../../tenancy/control-plane.ts'
import { type Claim, type ClaimDetails, type ClaimState, claimColumns } from './claim.ts'

/** Seconds that whoever looks at a claim has for it: the courier's calls of one step, each cut off after 20 s, and some. */
const lease = 120

/** A claim that nobody else looks at until `lease` is over. */
export interface LeasedClaim extends Claim {
  readonly lease: string
}

/**
 * Takes claims whose turn it is, of one tenant or of all. Those of a tenant that is being deleted get no further, but what they
 * have made is taken down.
 */
export async function takeDueClaims(
  { pools, catalog }: ControlPlane,
  most: number,
  tenantId: string | null = null,
): Promise<LeasedClaim[]> {
  const { rows } = await withOwnerTransaction(pools, catalog, (client) =>
    client.query<LeasedClaim>(
      `UPDATE catalog.domain_claims c SET leased_until = clock_timestamp() + $2 * interval '1 s'
       FROM catalog.tenants t WHERE t.id = c.tenant_id AND c.id = ANY (ARRAY(
         SELECT d.id FROM catalog.domain_claims d JOIN catalog.tenants o ON o.id = d.tenant_id
         WHERE d.next_at <= clock_timestamp() AND coalesce(d.leased_until < clock_timestamp(), true)
           AND ($3::bigint IS NULL OR d.tenant_id = $3)
           AND (o.status <> 'deleting' OR d.state IN ('removing', 'failed', 'live')
             OR d.created_at < now() - interval '30 days')
         ORDER BY d.next_at LIMIT $1 FOR UPDATE OF d SKIP LOCKED))
       RETURNING ${claimColumns}, c.leased_until::text AS lease`,
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
 * Writes what a look came to. A claim that is being removed meanwhile keeps what was made, to be taken down. Becoming live the
 * name is routed; leaving that, no longer. A name that another tenant holds by now stays where it was, with that for its problem;
 * one that was entered without proof gives way to who has it.
 */
export async function storeStep(control: ControlPlane, claim: LeasedClaim, step: ClaimStep): Promise<void> {
  const write = (written: ClaimStep) =>
    withOwnerTransaction(control.pools, control.catalog, (client) => store(client, claim, written))
  try {
    await write(step)
  } catch (error) {
    if (sqlStateOf(error) !== sqlState.uniqueViolation) throw error
    const problem =
      'Another tenant holds this name. It comes free when it is removed there, or leads elsewhere for a week.'
    await write({ state: claim.state, problem, wait: 3_600, moved: false })
  }
}

const isAskedAnew = `(state = 'failed' AND $4 = 'failed' AND details ? 'restart' AND NOT $10)`

async function store(client: pg.ClientBase, claim: LeasedClaim, step: ClaimStep): Promise<void> {
  const { id, state: before, domain, tenant_id, lease: own } = claim
  const unroute = () =>
    client.query('DELETE FROM catalog.domains WHERE domain = $1 AND tenant_id = $2', [domain, tenant_id])
  if (step.state === 'removed') {
    const { rowCount } = await client.query(
      "DELETE FROM catalog.domain_claims WHERE id = $1 AND state = 'removing' AND leased_until = $2::timestamptz",
      [id, own],
    )
    if (rowCount !== 0) await unroute()
    return
  }
  const details = JSON.stringify(step.details ?? claim.details)
  const { rowCount } = await client.query(
    // Somebody may have had a failed one verified while it was looked at: that is not forgotten.
    `UPDATE catalog.domain_claims SET state = $4, problem = $6, leased_until = NULL,
       details = $5::jsonb || CASE WHEN ${isAskedAnew} THEN '{"restart": true}' ELSE '{}' END::jsonb,
       next_at = clock_timestamp() + CASE WHEN ${isAskedAnew} THEN 0 ELSE $8 END * interval '1 s',
       attempts = CASE WHEN $7 THEN 0 ELSE attempts + 1 END,
       checked_at = clock_timestamp(), strayed_at = CASE WHEN $9 THEN coalesce(strayed_at, clock_timestamp()) END
     WHERE id = $1 AND state = $2 AND leased_until = $3::timestamptz`,
    [
      ...[id, before, own, step.state, details, step.problem, step.moved, step.wait],
      ...[step.strayed ?? false, claim.details.restart === true],
    ],
  )
  if (rowCount === 0) {
    await client.query(
      `UPDATE catalog.domain_claims SET details = details || $3::jsonb, leased_until = NULL
       WHERE id = $1 AND leased_until = $2::timestamptz`,
      [id, own, details],
    )
    return
  }
  if (step.state !== 'live') {
    if (before === 'live') await unroute()
    return
  }
  // The claim is the one that holds the name; what was entered without proof gives way to it.
  await client.query("DELETE FROM catalog.domain_claims WHERE domain = $1 AND proof = '' AND id <> $2", [domain, id])
  await client.query(
    `INSERT INTO catalog.domains (domain, tenant_id) VALUES ($1, $2)
     ON CONFLICT (domain) DO UPDATE SET tenant_id = EXCLUDED.tenant_id WHERE domains.tenant_id <> EXCLUDED.tenant_id`,
    [domain, tenant_id],
  )
}
