import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type pg from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import * as z from 'zod'
import { quoteIdentifier } from '../db/identifiers.ts'
import { checksumOf, type Migration, readMigrations } from '../db/migrations.ts'
import { withOwnerTransaction } from '../db/owner-transaction.ts'
import { readEnvironment } from '../environment.ts'
import { AppError } from '../errors.ts'
import { buildTenantSchemaOn } from '../tenancy/build-tenant-schema.ts'
import type { ControlPlane } from '../tenancy/control-plane.ts'
import { provisionTenant, readAllowedMigrations } from '../tenancy/provision-tenant.ts'
import { registerTenant } from '../tenancy/register-tenant.ts'
import { drawSchemaName } from '../tenancy/slug.ts'
import { readTables } from './copy-schema.ts'
import { purgeTenant } from './delete-tenant.ts'
import { addClaim } from './domains/claims.ts'
import { downloadFile, withTemporaryFolder } from './files.ts'
import { migrateTenants } from './fleet/migrate-tenants.ts'
import { findTenant } from './list-tenants.ts'
import type { OperationKind } from './operation.ts'
import { beginAsOwner } from './owner-session.ts'
import { fileOf, type Manifest, unpackArchive } from './tenant-archive.ts'

const input = z.object({
  key: z.string(),
  slug: z.string(),
  name: z.string(),
  domains: z.array(z.string()),
  placement: z.string().nullable(),
  plan: z.string().nullable().default(null),
})
const position = z.object({
  /** The schema that this import fills, drawn before it is registered: by its name the import knows its own. */
  schema: z.string().nullable(),
})

/** Milliseconds; nobody else uses the new schema yet. */
const lockTimeout = 5_000

/**
 * Imports an exported tenant as a new one: the file is checked whole first; then the tenant is registered, its schema made
 * at the file's version and filled in one transaction, migrated forward, and activated. Done again it goes on where it
 * stopped. A tenant that was there before is never written to.
 */
export const importOperation: OperationKind<z.output<typeof input>, z.output<typeof position>> = {
  kind: 'import',
  input,
  position,
  start: { schema: null },
  cancellable: false,
  abandon: (control, { slug }, { schema }) => removeUnfinished(control, slug, schema),
  async step(control, { key, placement, plan, domains, ...request }, at) {
    const tenant = { ...request, domains: [] }
    if (at.schema === null) return { position: { schema: drawSchemaName(tenant.slug) }, done: 0, total: 1 }
    const { schema } = at
    const [migrations, allowed] = await Promise.all([readMigrations('tenant'), readAllowedMigrations(control)])
    return withTemporaryFolder(async (folder) => {
      const archive = join(folder, 'tenant.tar.gz')
      await downloadFile(key, archive)
      const contents = await unpackArchive(archive, folder)
      checkFleet(contents, migrations)

      const registered = await registerTenant(control, {
        ...{ ...tenant, schema, placement: placement ?? undefined, plan: plan ?? undefined },
      })
      if (registered.ref.schema !== schema) {
        throw new AppError('slug_taken', `There is a tenant "${tenant.slug}" already; import into a new one.`)
      }
      const { ref } = registered
      await control.pools.withSession(ref.placement, async (client) => {
        await beginAsOwner(client, 'write')
        const made = await buildTenantSchemaOn(client, ref.schema, migrations.slice(0, contents.version))
        if (made) {
          await fill(client, ref.schema, contents, folder)
          await client.query('INSERT INTO atrium.copies (schema_name, table_name) VALUES ($1, $2)', [
            schema,
            filledMark,
          ])
        } else {
          await requireFilled(client, schema, tenant.slug)
        }
        await client.query('COMMIT')
      })
      const outcomes = await migrateTenants(
        control.pools,
        ref.placement,
        [{ tenantId: registered.id, schema: ref.schema }],
        {
          ...{ migrations, to: Math.max(contents.version, allowed.length), lockTimeout },
        },
      )
      const outcome = outcomes.get(registered.id)
      if (outcome?.result === 'failed')
        throw new AppError('internal', `The import could not be migrated: ${outcome.error}`)
      // Its schema is there: this only activates it.
      const provisioned = await provisionTenant(control, { ...tenant, placement: placement ?? undefined })
      if (provisioned.tenant.version === 0) {
        throw new AppError(
          'wrong_status',
          `The tenant "${tenant.slug}" was deleted meanwhile; restored, it has its rows, and no domains.`,
        )
      }
      for (const domain of domains) await addClaim(control, tenant.slug, { domain, way: readEnvironment().DOMAINS_WAY })
      const rows = contents.tables.reduce((sum, table) => sum + table.rows, 0)
      return { position: at, done: 1, total: 1, result: { tenant: tenant.slug, rows, from_version: contents.version } }
    })
  },
}

/** Stands in `atrium.copies` for a schema that an import has filled, written in the transaction that filled it; it stays. */
const filledMark = '(import)'

/** Throws `slug_taken` for a schema that is there and was not filled: somebody who creates the same tenant came first. */
async function requireFilled(client: pg.ClientBase, schema: string, slug: string): Promise<void> {
  if (!(await isFilled(client, schema)))
    throw new AppError('slug_taken', `The tenant "${slug}" is being created by somebody else.`)
}

async function isFilled(client: pg.ClientBase, schema: string): Promise<boolean> {
  const { rowCount } = await client.query('SELECT FROM atrium.copies WHERE schema_name = $1 AND table_name = $2', [
    ...[schema, filledMark],
  ])
  return rowCount === 1
}

/**
 * Removes what an import that failed has begun. A tenant that was there before it, or is active, is not its own; one that was
 * filled, and deleted before it was active, stays to be restored.
 */
async function removeUnfinished(control: ControlPlane, slug: string, schema: string | null): Promise<void> {
  const tenant = await findTenant(control, slug)
  if (tenant === undefined || schema === null || tenant.ref.schema !== schema) return
  const hasRows = await withOwnerTransaction(control.pools, tenant.ref.placement, (client) => isFilled(client, schema))
  // From here on nobody activates it, nor restores it.
  const { rowCount } = await withOwnerTransaction(control.pools, control.catalog, (client) =>
    client.query(
      `UPDATE catalog.tenants SET status = 'deleting', purge_after = clock_timestamp()
       WHERE id = $1 AND (status = 'provisioning' OR version = 0 AND (NOT $2 OR purge_after <= clock_timestamp()))`,
      [tenant.id, hasRows],
    ),
  )
  if (rowCount === 0) return
  const left = await purgeTenant(control, tenant.id)
  if (left > 0) throw new AppError('unavailable', `${left} domains of the tenant are still being taken down.`)
}

/** Throws `invalid_archive` unless the file was made by a fleet with these very migrations. */
function checkFleet({ version, migrations: theirs }: Manifest, migrations: readonly Migration[]): void {
  if (version <= migrations.length && checksumOf(migrations.slice(0, version)) === theirs) return
  throw new AppError(
    'invalid_archive',
    `The file is of version ${version} of another fleet, or of a newer one (this one is at ${migrations.length}); nothing was imported.`,
  )
}

async function fill(
  client: pg.ClientBase,
  schema: string,
  { tables, sequences }: Manifest,
  folder: string,
): Promise<void> {
  const refuse = (detail: string) => new AppError('invalid_archive', `${detail}; nothing was imported.`)
  const own = await readTables(client, schema)
  if (own.length !== tables.length) throw refuse('The file has other tables than its version')
  for (const { name, columns } of own) {
    const table = tables.find((other) => other.name === name)
    if (table === undefined || table.columns.join() !== columns.join())
      throw refuse(`The file has another table ${name} than its version`)
    // Names are the schema's own; the file's were only held against them.
    const list = columns.map(quoteIdentifier).join(', ')
    const copy = client.query(
      copyFrom(
        `COPY ${quoteIdentifier(schema)}.${quoteIdentifier(name)} (${list}) FROM STDIN (FORMAT csv, HEADER MATCH)`,
      ),
    )
    await pipeline(createReadStream(join(folder, fileOf(name))), copy)
    if (copy.rowCount !== table.rows)
      throw refuse(`${name} has ${copy.rowCount} rows, not the ${table.rows} of the manifest`)
  }
  for (const { name, last_value, is_called } of sequences) {
    const sequence = `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`
    await client.query('SELECT pg_catalog.setval($1::regclass, $2, $3)', [sequence, last_value, is_called])
  }
}
