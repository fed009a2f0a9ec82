import * as z from 'zod/mini'

const largestBigint = '9223372036854775807'

/** A row's id: a decimal string, since a bigint does not fit a JSON number. */
export const id = z.string().check(
  z.regex(/^[1-9]\d{0,18}$/, 'must be an id: a whole number above 0, as a string'),
  // Of 19 digits the larger number is the later text. Zod asks this of texts that are no number as well.
  z.refine((text) => text.length < 19 || text <= largestBigint, 'is beyond any id'),
  z.meta({ description: 'An id: a whole number above 0, as a string.', examples: ['1'] }),
)

const moneyShape = /^(?:0|[1-9]\d{0,9})(?:\.\d{1,2})?$/
const positiveMoneyShape = /^(?=.*[1-9])(?:0|[1-9]\d{0,9})(?:\.\d{1,2})?$/
const moneyHint = 'such as "2.55", with at most 10 digits before and 2 after the point'

/** Money as `numeric(12,2)` holds it: a decimal string, 0 or more. */
export const money = z
  .string()
  .check(
    z.regex(moneyShape, `must be a decimal string ${moneyHint}`),
    z.meta({ description: 'Money: a decimal string, 0 or more.', examples: ['2.55'] }),
  )

/** Money above 0. */
export const positiveMoney = z
  .string()
  .check(
    z.regex(positiveMoneyShape, `must be a decimal string above 0, ${moneyHint}`),
    z.meta({ description: 'Money: a decimal string above 0.', examples: ['2.55'] }),
  )

/** All but tab, line feed and carriage return: NUL, which PostgreSQL refuses, and what JSON writes as six bytes. */
const controlCharacter = /(?![\t\n\r])\p{Cc}/u

/**
 * Text of 1 to `longest` characters that PostgreSQL can store and a page of which fits a Lambda response: no control
 * characters, no half of a surrogate pair, and not blank.
 */
export function text(longest: number): z.ZodMiniString {
  return z.string().check(
    z.minLength(1, 'must not be empty'),
    z.maxLength(longest, `must have at most ${longest} characters`),
    z.refine((value) => /\S/.test(value), 'must not be blank'),
    z.refine((value) => value.isWellFormed() && !controlCharacter.test(value), 'must not hold control characters'),
    z.meta({ description: 'Not blank, and without control characters.' }),
  )
}

const firstInstant = Date.parse('0001-01-01T00:00:00Z')
const lastInstant = Date.parse('9999-12-31T23:59:59.999Z')

/** PostgreSQL keeps microseconds, and rounds what is finer. */
const finerThanMicroseconds = /\.\d{7}/

/** PostgreSQL takes offsets up to 15:59; those of the world's clocks end at 14:00. */
const farOffset = /[+-](?:1[6-9]|2\d):\d\d$/

/** An instant, RFC 3339, with an offset or Z, within the years that RFC 3339 can write in UTC. */
export const timestamp = z.iso
  .datetime({ offset: true, error: 'must be a time such as "2010-12-01T08:26:00Z" (RFC 3339)' })
  .check(
    z.refine((value) => !finerThanMicroseconds.test(value), 'must have at most 6 digits after the second'),
    z.refine((value) => !farOffset.test(value), 'must have an offset of less than 16 hours'),
    z.refine((value) => {
      const instant = Date.parse(value)
      return instant >= firstInstant && instant <= lastInstant
    }, 'must lie in the years 0001 to 9999'),
    z.meta({
      description: 'A time, RFC 3339, with an offset or Z, of the years 0001 to 9999, to the microsecond.',
      examples: ['2010-12-01T08:26:00Z'],
    }),
  )
