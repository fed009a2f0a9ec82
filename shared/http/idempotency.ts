import { createHash } from 'node:crypto'
import type { APIGatewayProxyEventV2 } from 'aws-lambda'
import type { Refusals } from '../db/refusals.ts'
import { sqlState } from '../db/sql-states.ts'
import type { TenantStatements } from '../db/tenant-database.ts'
import { AppError } from '../errors.ts'
import type { Answer } from './answer.ts'
import type { TenantContext } from './endpoint.ts'
import type { RawRequest } from './raw-request.ts'

/** A request that is to be done once, however often it is sent: its Idempotency-Key, within the tenant and its route. */
export interface OnceKey {
  /** Method and path: the route, and its parameters if it has any. */
  readonly route: string
  readonly key: string
  /** SHA-256 of the canonical body and query. */
  readonly fingerprint: Buffer
}

/** Visible characters (RFC 9110's VCHAR), bare or as a quoted string (RFC 8941), as the IETF's draft 07 has it. */
const visible = /^[\x21-\x7e]{1,255}$/
const quoted = /^"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"$/

/**
 * Reads the Idempotency-Key of a POST; undefined when there is none. Throws `invalid_idempotency_key` for one that is not
 * 1 to 255 visible characters.
 */
export function readOnceKey(event: APIGatewayProxyEventV2, { path, body, query }: RawRequest): OnceKey | undefined {
  const header = event.headers['idempotency-key']
  if (header === undefined || event.requestContext.http.method !== 'POST') return undefined
  const text = header.trim()
  const key = text.startsWith('"') ? quoted.exec(text)?.[1]?.replace(/\\(["\\])/g, '$1') : text
  // Two headers arrive joined by a comma, and would be a third key.
  if (key === undefined || !visible.test(key) || (key === text && key.includes(','))) {
    throw new AppError(
      'invalid_idempotency_key',
      'An Idempotency-Key is sent once, with 1 to 255 visible characters; one with a comma in quotes.',
    )
  }
  const fingerprint = createHash('sha256')
    .update(canonical([body, query]))
    .digest()
  // Not the path as it was sent, which can be written in several ways, and has a prefix on some domains.
  const parameters = Object.keys(path).length === 0 ? '' : ` ${canonical(path)}`
  return { route: `${event.routeKey}${parameters}`, key, fingerprint }
}

/** JSON with the members of every object in the order of their names: two bodies that mean the same are the same. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
      : member,
  )
}

/** Waiting for whoever has the key, or a lock that its work needs, took longer than a second. */
export const onceRefusals: Refusals = {
  [sqlState.lockNotAvailable]: {
    code: 'idempotency_in_flight',
    detail: 'A request with this Idempotency-Key is still being worked on; send it again in a moment.',
  },
}

/** Throws `idempotency_key_reused` unless the key came with the same body as the first time. */
export function requireSameRequest(isSame: boolean): void {
  if (isSame) return
  throw new AppError('idempotency_key_reused', 'This Idempotency-Key was used for another request.')
}

/** Marks an answer as one that was given before. */
export function replayed(answer: Answer): Answer {
  return { ...answer, headers: { ...answer.headers, 'idempotency-replayed': 'true' } }
}

/** Whether a request with this key was carried out before. */
export async function isKeyKnown(statements: TenantStatements, once: OnceKey): Promise<boolean> {
  const found = await statements.read('SELECT key FROM idempotency_keys WHERE route = $1 AND key = $2', [
    ...[once.route, once.key],
  ])
  return found.length > 0
}

interface Claim {
  readonly created: boolean
  readonly same: boolean
  readonly status: number
  readonly location: string | null
  readonly body: unknown
}

/**
 * Does `work` in the transaction that takes the key, and keeps its answer there; or answers what was answered before. A
 * request that is refused, or whose transaction fails, leaves the key free. Throws `idempotency_key_reused` and
 * `idempotency_in_flight`.
 */
export function answerOnce(
  context: TenantContext,
  once: OnceKey,
  work: (context: TenantContext) => Promise<Answer>,
): Promise<Answer> {
  return context.db.withTransaction({}, async (statements) => {
    const claim = await claimKey(statements, once)
    if (!claim.created) {
      requireSameRequest(claim.same)
      const { status, body, location } = claim
      const answer = { status, ...(body === null ? {} : { body }) }
      return replayed(location === null ? answer : { ...answer, headers: { location } })
    }
    const db = {
      ...statements,
      withTransaction: <Result>(_: unknown, inner: (db: TenantStatements) => Promise<Result>) => inner(statements),
    }
    const answer = await work({ ...context, db })
    await statements.write(
      'UPDATE idempotency_keys SET status = $3, location = $4, body = $5 WHERE route = $1 AND key = $2',
      [
        ...[once.route, once.key, answer.status, answer.headers?.location ?? null],
        answer.body === undefined ? null : JSON.stringify(answer.body),
      ],
    )
    return answer
  })
}

/**
 * Whoever comes second waits for the first by the row's own lock, and then sees its answer (READ COMMITTED), or takes its
 * place when it was rolled back. A row that was inserted just now has no xmax.
 */
async function claimKey(statements: TenantStatements, once: OnceKey): Promise<Claim> {
  const [claim] = await statements.write<Claim>(
    `INSERT INTO idempotency_keys AS k (route, key, fingerprint, order_id) VALUES ($1, $2, $3, NULL)
     ON CONFLICT (route, key) DO UPDATE SET key = k.key
     RETURNING xmax = 0 AS created, fingerprint = $3 AS same, status, location, body`,
    [once.route, once.key, once.fingerprint],
    onceRefusals,
  )
  if (claim === undefined) throw new Error('the key was neither taken nor found')
  return claim
}
