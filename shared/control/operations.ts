import { onlyRow } from '../db/only-row.ts'
import { withOwnerTransaction } from '../db/owner-transaction.ts'
import { sqlState, sqlStateOf } from '../db/sql-states.ts'
import { AppError } from '../errors.ts'
import type { ControlPlane } from '../tenancy/control-plane.ts'
import type { Operation, OperationKind } from './operation.ts'

interface OperationRow extends Omit<Operation, 'progress'> {
  /** bigint: decimal strings. */
  readonly done: string
  readonly total: string | null
}

export const operationColumns =
  'o.id, o.kind, o.state, o.tenant, o.input, o.done, o.total, o.result, o.problem, o.started_by, o.created_at, o.finished_at'

export function toOperation({ done, total, ...row }: OperationRow): Operation {
  return { ...row, progress: { done: Number(done), total: total === null ? null : Number(total) } }
}

export interface OperationRequest<Input> {
  readonly input: Input
  readonly tenant: string | null
  readonly operator: string
}

/**
 * Records an operation to be worked on. Throws `operation_running` when one is under way for the same tenant, or
 * another migration run, saying which.
 */
export async function startOperation<Input, Position>(
  control: ControlPlane,
  kind: OperationKind<Input, Position>,
  request: OperationRequest<Input>,
): Promise<Operation> {
  try {
    return await withOwnerTransaction(control.pools, control.catalog, async (client) => {
      const { rows } = await client.query<OperationRow>(
        `INSERT INTO catalog.operations AS o (kind, tenant, input, position, started_by)
         VALUES ($1, $2, $3, $4, $5) RETURNING ${operationColumns}`,
        [kind.kind, request.tenant, JSON.stringify(request.input), JSON.stringify(kind.start), request.operator],
      )
      return toOperation(onlyRow(rows))
    })
  } catch (error) {
    if (sqlStateOf(error) !== sqlState.uniqueViolation) throw error
    const running = await findRunning(control, kind, request)
    const which =
      running === undefined
        ? 'Another operation'
        : `Operation ${running.id} (${running.kind}, by ${running.started_by})`
    throw new AppError('operation_running', `${which} is under way; wait for it, or cancel it.`, { cause: error })
  }
}

/**
 * As `startOperation`; but one of the same kind that is under way for the same tenant already, whoever began it, is
 * answered in its place. Throws `operation_running` when another kind is.
 */
export async function startOrJoinOperation<Input, Position>(
  control: ControlPlane,
  kind: OperationKind<Input, Position>,
  request: OperationRequest<Input>,
): Promise<Operation> {
  try {
    return await startOperation(control, kind, request)
  } catch (error) {
    if (!(error instanceof AppError && error.code === 'operation_running')) throw error
    const running = await findRunning(control, kind, request)
    if (running?.kind === kind.kind) return running
    throw error
  }
}

/** What keeps a request from being begun: what is under way for its tenant, or of its kind where it has none. */
async function findRunning(
  control: ControlPlane,
  { kind }: { readonly kind: string },
  { tenant }: { readonly tenant: string | null },
): Promise<Operation | undefined> {
  const latest = await listOperations(control, { before: undefined, limit: 200 })
  return latest.find(
    (other) => other.finished_at === null && (tenant === null ? other.kind === kind : other.tenant === tenant),
  )
}

/** One operation. Throws `not_found`. */
export async function getOperation({ pools, catalog }: ControlPlane, id: string): Promise<Operation> {
  const { rows } = await withOwnerTransaction(pools, catalog, (client) =>
    client.query<OperationRow>(`SELECT ${operationColumns} FROM catalog.operations o WHERE o.id = $1`, [id]),
  )
  if (rows[0] === undefined) throw new AppError('not_found', `There is no operation ${id}.`)
  return toOperation(rows[0])
}

/** The latest operations first, from before `before`. */
export async function listOperations(
  { pools, catalog }: ControlPlane,
  page: { readonly before: string | undefined; readonly limit: number },
): Promise<Operation[]> {
  const { rows } = await withOwnerTransaction(pools, catalog, (client) =>
    client.query<OperationRow>(
      `SELECT ${operationColumns} FROM catalog.operations o
       WHERE $1::bigint IS NULL OR o.id < $1 ORDER BY o.id DESC LIMIT $2`,
      [page.before ?? null, page.limit],
    ),
  )
  return rows.map(toOperation)
}

/**
 * Asks for an operation's end: at once while nobody has begun it, else between two steps. Throws `not_found`, or
 * `operation_finished` for one that has ended or cannot be ended half way.
 */
export async function cancelOperation(
  control: ControlPlane,
  id: string,
  cancellableKinds: readonly string[],
): Promise<Operation> {
  const operation = await getOperation(control, id)
  if (operation.finished_at !== null) {
    throw new AppError('operation_finished', `Operation ${id} has ${operation.state} already.`)
  }
  const { rows } = await withOwnerTransaction(control.pools, control.catalog, (client) =>
    client.query<OperationRow>(
      `UPDATE catalog.operations o SET
         cancel_requested = true,
         state = CASE WHEN state = 'pending' THEN 'cancelled' ELSE state END,
         finished_at = CASE WHEN state = 'pending' THEN now() END
       WHERE id = $1 AND finished_at IS NULL AND (state = 'pending' OR kind = ANY ($2)) RETURNING ${operationColumns}`,
      [id, cancellableKinds],
    ),
  )
  if (rows[0] === undefined) {
    throw new AppError(
      'operation_finished',
      `Operation ${id} (${operation.kind}) cannot be ended half way; it will finish.`,
    )
  }
  return toOperation(rows[0])
}
