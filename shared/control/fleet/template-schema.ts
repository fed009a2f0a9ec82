import { randomBytes } from 'node:crypto'
import type pg from 'pg'
import { quoteIdentifier } from '../../db/identifiers.ts'
import { type Migration, sqlForNewSchema } from '../../db/migrations.ts'
import { readSnapshots } from './schema-snapshot.ts'

/**
 * What a tenant's schema should be at a version: the migrations are applied to a schema that is rolled back again, so
 * that there is no template to keep. To be called as the owner, inside a transaction; it leaves no trace of itself.
 */
export async function snapshotTemplate(
  client: pg.ClientBase,
  migrations: readonly Migration[],
): Promise<ReadonlyMap<string, string>> {
  const schema = `t_template_${randomBytes(4).toString('hex')}`
  const name = quoteIdentifier(schema)
  await client.query(`
    SAVEPOINT template;
    CREATE ROLE ${name} NOLOGIN;
    CREATE SCHEMA ${name};
    GRANT USAGE ON SCHEMA ${name} TO ${name};
    SET LOCAL search_path = ${name}, pg_temp;
    ${migrations.map(sqlForNewSchema).join('\n')}
    SET LOCAL search_path = pg_catalog, pg_temp`)
  const snapshots = await readSnapshots(client, [schema])
  await client.query('ROLLBACK TO SAVEPOINT template')
  return snapshots.get(schema) ?? new Map()
}
