import fc from 'fast-check'
import { expect, it } from 'vitest'
import { toRfc3339 } from '../../../shared/db/row-types.ts'

it('keeps the microseconds that PostgreSQL sends', () => {
  expect(toRfc3339('2010-12-01 08:26:00+00')).toBe('2010-12-01T08:26:00Z')
  expect(toRfc3339('2010-12-01 08:26:00.000001+00')).toBe('2010-12-01T08:26:00.000001Z')
})

it('takes what PostgreSQL writes into JSON as well', () => {
  expect(toRfc3339('2010-12-01T08:26:00+00:00')).toBe('2010-12-01T08:26:00Z')
  expect(toRfc3339('2010-12-01T08:26:00.000001+00:00')).toBe('2010-12-01T08:26:00.000001Z')
})

it('means the same instant as the text of a session in another time zone', () => {
  expect(toRfc3339('2010-12-01 10:26:00.5+02')).toBe('2010-12-01T08:26:00.500Z')
  const years = { min: new Date('0002-01-01T00:00:00Z'), max: new Date('9998-12-31T00:00:00Z'), noInvalidDate: true }
  fc.assert(
    fc.property(fc.date(years), (date) => {
      const text = `${date.toISOString().slice(0, 10)} ${date.toISOString().slice(11, 23)}+00`
      expect(Date.parse(toRfc3339(text))).toBe(date.getTime())
    }),
  )
})
