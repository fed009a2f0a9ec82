import * as z from 'zod/mini'
import { type Answer, ok } from './answer.ts'
import type { TenantContext } from './endpoint.ts'
import { id } from './fields.ts'

const defaultLimit = 50
const largestLimit = 200

/** The query parameters of every list: `limit` rows behind `cursor`. */
export const pageQuery = {
  limit: z
    ._default(
      z
        .pipe(z.string().check(z.regex(/^\d{1,9}$/, `must be a number from 1 to ${largestLimit}`)), z.transform(Number))
        .check(z.refine((limit) => limit >= 1 && limit <= largestLimit, `must be a number from 1 to ${largestLimit}`)),
      defaultLimit,
    )
    .check(
      z.meta({
        description: 'How many rows at most; fewer where the plan allows no page so large.',
        // As clients mean it: in a query even a number is text.
        override: { type: 'integer', pattern: undefined, minimum: 1, maximum: largestLimit, default: defaultLimit },
      }),
    ),
  /** The id behind which the page begins. */
  cursor: z
    .optional(
      z.pipe(
        z.string(),
        z.transform((cursor, context) => {
          const after = id.safeParse(decode(cursor))
          if (after.success && encode(after.data) === cursor) return after.data
          context.issues.push({
            code: 'custom',
            message: 'must be the next_cursor of an earlier answer',
            input: cursor,
          })
          return z.NEVER
        }),
      ),
    )
    .check(z.meta({ description: 'The `next_cursor` of an earlier answer, for the page behind it.' })),
}

export interface Page<Row> {
  readonly items: readonly Row[]
  /** To be sent as `cursor` for the next page; null on the last. */
  readonly next_cursor: string | null
}

/**
 * Answers a page of a list whose rows `read` gives, as many as it is asked for: one more than the page has, to know of a next one.
 * A page has what was asked for, or less where the tenant's plan says so.
 */
export async function answerPage<Row extends { readonly id: string }>(
  { tenant }: TenantContext,
  asked: number,
  read: (most: number) => Promise<readonly Row[]>,
): Promise<Answer> {
  const size = Math.min(asked, tenant.limits.pageSize ?? asked)
  return ok(toPage(await read(size + 1), size))
}

/** Makes a page of rows in the order of their ids, of which one more than `limit` was asked for. */
export function toPage<Row extends { readonly id: string }>(rows: readonly Row[], limit: number): Page<Row> {
  const items = rows.slice(0, limit)
  const last = rows.length > limit ? items.at(-1) : undefined
  return { items, next_cursor: last === undefined ? null : encode(last.id) }
}

function encode(after: string): string {
  return Buffer.from(`after:${after}`).toString('base64url')
}

function decode(cursor: string): string {
  return Buffer.from(cursor, 'base64url')
    .toString('latin1')
    .replace(/^after:/, '')
}
