import * as z from 'zod/mini'
import type { ErrorCode } from '../errors.ts'

/** What a route answers when all is well. */
export interface AnswerDescription {
  readonly description: string
  /** Of a JSON answer; without it, and without `files`, the answer has no body. */
  readonly body?: z.core.$ZodType
  /** The media types of an answer that is not JSON. */
  readonly files?: readonly string[]
}

/**
 * A route in the API's description, beside what its schemas and the table say of it. Nothing that serves requests imports
 * one: descriptions cost a function nothing.
 */
export interface RouteDescription {
  /** The operation's name in clients: `listProducts`. */
  readonly id: string
  readonly summary: string
  readonly description?: string
  /** By status. */
  readonly answers: Readonly<Record<number, AnswerDescription>>
  /** What it may refuse, besides what every route of its kind may. */
  readonly problems?: readonly ErrorCode[]
}

/** A page of a list, as `toPage` makes it. */
export function pageOf(item: z.core.$ZodType): z.core.$ZodType {
  return z.object({
    items: z.array(item),
    next_cursor: z
      .nullable(z.string())
      .check(z.meta({ description: 'To be sent as `cursor` for the next page; null on the last.' })),
  })
}

/** A time in an answer: RFC 3339 in UTC. */
export const answeredTime = z.iso
  .datetime()
  .check(z.meta({ description: 'A time, RFC 3339 in UTC.', examples: ['2010-12-01T08:26:00Z'] }))
