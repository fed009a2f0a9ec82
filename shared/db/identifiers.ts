import pg from 'pg'

/**
 * The one place where text becomes part of a statement. Everything else is a bind parameter; utility
 * statements (CREATE ROLE, GRANT, SET) take none, so their names and literals are quoted here.
 */
export function quoteIdentifier(name: string): string {
  return pg.escapeIdentifier(name)
}

/** See {@link quoteIdentifier}. Throws for a NUL character, which no literal can hold. */
export function quoteLiteral(value: string): string {
  if (value.includes('\0')) throw new TypeError('a literal cannot hold a NUL character')
  return pg.escapeLiteral(value)
}
