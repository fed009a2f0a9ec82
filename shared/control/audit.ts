import { onlyRow } from '../db/only-row.ts'
import { withOwnerTransaction } from '../db/owner-transaction.ts'
import type { ControlPlane } from '../tenancy/control-plane.ts'

/** A change that an operator made, or tried to. */
export interface AuditEntry {
  readonly id: string
  readonly at: string
  /** The IAM principal. */
  readonly principal: string
  readonly action: string
  readonly target: string
  readonly request_id: string
  /** HTTP status and, for a refusal, its code; null while under way, and for good when whoever made it died or could not say so. */
  readonly outcome: string | null
}

/** Writes that a change is about to be made: what is not in the audit is not done. Answers the entry's id. */
export async function beginAudit(
  { pools, catalog }: ControlPlane,
  entry: { readonly principal: string; readonly action: string; readonly target: string; readonly requestId: string },
): Promise<string> {
  const { rows } = await withOwnerTransaction(pools, catalog, (client) =>
    client.query<{ id: string }>(
      'INSERT INTO catalog.audit (principal, action, target, request_id) VALUES ($1, $2, $3, $4) RETURNING id',
      [entry.principal, entry.action, entry.target, entry.requestId],
    ),
  )
  return onlyRow(rows).id
}

/** Writes how the change went. */
export async function endAudit({ pools, catalog }: ControlPlane, id: string, outcome: string): Promise<void> {
  await withOwnerTransaction(pools, catalog, (client) =>
    client.query('UPDATE catalog.audit SET outcome = $2 WHERE id = $1', [id, outcome]),
  )
}

/** The latest entries first, from before `before`. */
export async function listAudit(
  { pools, catalog }: ControlPlane,
  page: { readonly before: string | undefined; readonly limit: number },
): Promise<AuditEntry[]> {
  const { rows } = await withOwnerTransaction(pools, catalog, (client) =>
    client.query<AuditEntry>(
      `SELECT id, at, principal, action, target, request_id, outcome FROM catalog.audit
       WHERE $1::bigint IS NULL OR id < $1 ORDER BY id DESC LIMIT $2`,
      [page.before ?? null, page.limit],
    ),
  )
  return rows
}
