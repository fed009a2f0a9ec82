import pg from 'pg'

const timestamptz = 1184
/**
 * `timestamptz` as RFC 3339 in UTC, from PostgreSQL's ISO output; its microseconds are kept. Making a Date and
 * formatting it again took 25 µs of a list of 20 (bench/profile.md). A session whose time zone is not UTC takes the slower way.
 */
export function toRfc3339(text: string): string {
  // UTC as PostgreSQL writes it by itself, and in JSON.
  const zone = text.endsWith('+00') ? 3 : text.endsWith('+00:00') ? 6 : 0
  if (zone === 0) return new Date(text).toISOString()
  return `${text.slice(0, -zone).replace(' ', 'T')}Z`
}

/** Money (`numeric`) and ids (`bigint`) stay the decimal strings that PostgreSQL sends: a float would round them. */
export const rowTypes: pg.CustomTypesConfig = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    oid === timestamptz && format !== 'binary' ? toRfc3339 : pg.types.getTypeParser(oid, format),
}
