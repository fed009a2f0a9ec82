import type pg from 'pg'
import { onlyRow } from '../db/only-row.ts'

/** The connections of a server that logins may open: what PostgreSQL and RDS keep for their superusers is left out. */
export const connectionsForLogins = `current_setting('max_connections')::int
  - current_setting('superuser_reserved_connections')::int - current_setting('reserved_connections')::int`

/** Says why a server has too few connections for what the functions may open; undefined when it has enough. */
export async function findShortage(client: pg.ClientBase, needed: number): Promise<string | undefined> {
  const { rows } = await client.query<{ limit: number }>(`SELECT ${connectionsForLogins} AS limit`)
  return describeShortage(onlyRow(rows).limit, needed)
}

export function describeShortage(limit: number, needed: number): string | undefined {
  if (needed <= limit) return undefined
  return `the functions may open ${needed} connections, and the server has ${limit} for them: raise maxConnections, or lower concurrency`
}
