import * as z from 'zod'
import { readMigrations } from '../db/migrations.ts'
import { onlyRow } from '../db/only-row.ts'
import { withOwnerTransaction } from '../db/owner-transaction.ts'
import type { TenantRef } from '../db/tenant-ref.ts'
import { AppError } from '../errors.ts'
import { buildTenantSchemaOn } from '../tenancy/build-tenant-schema.ts'
import { refOf } from '../tenancy/catalog-queries.ts'
import type { ControlPlane } from '../tenancy/control-plane.ts'
import { lockPlacement } from '../tenancy/register-placement.ts'
import { drawSchemaName } from '../tenancy/slug.ts'
import { copySchema } from './copy-schema.ts'
import { dropSchema } from './delete-tenant.ts'
import { getTenant } from './list-tenants.ts'
import type { OperationKind } from './operation.ts'
import { beginAsOwner } from './owner-session.ts'
import { closeForWrites, closeSchema, openForWrites, openSchema } from './schema-access.ts'
import { changeStatus } from './tenant-status.ts'

const input = z.object({ slug: z.string(), to: z.string() })

const position = z.discriminatedUnion('phase', [
  z.object({ phase: z.literal('begin') }),
  z.object({
    phase: z.enum(['close', 'copy', 'switch', 'drop']),
    from: z.string(),
    oldSchema: z.string(),
    newSchema: z.string(),
    version: z.int(),
    checksum: z.string(),
  }),
])

type Position = z.output<typeof position>

const phases = 5

/**
 * Moves a tenant to another placement. It is read-only while it is copied: writes are revoked at the old place and those
 * under way awaited. Then the old place is closed, the catalog switched, the old schema dropped. Wherever it is
 * interrupted, the tenant is whole in one place and a rerun finishes; given up before the switch, it stays where it was.
 */
export const moveOperation: OperationKind<z.output<typeof input>, Position> = {
  kind: 'move',
  input,
  position,
  start: { phase: 'begin' },
  cancellable: true,
  isPastReturn: ({ phase }) => phase === 'drop',

  async step(control, { slug, to }, at) {
    if (at.phase === 'begin') {
      const { ref } = await changeStatus(control, slug, { from: ['active', 'moving'], to: 'moving', verb: 'moved' })
      if (ref.placement === to) throw new AppError('wrong_status', `The tenant "${slug}" is in "${to}" already.`)
      const next = {
        from: ref.placement,
        oldSchema: ref.schema,
        newSchema: drawSchemaName(slug),
        ...(await readVersion(control, ref)),
      }
      return { position: { phase: 'close', ...next }, done: 1, total: phases }
    }
    const old = refOf(at.from, at.oldSchema)
    switch (at.phase) {
      case 'close':
        await takeVersion(control, old)
        await closeForWrites(control.pools, old)
        return { position: { ...at, phase: 'copy' }, done: 2, total: phases }
      case 'copy':
        await copyTenant(control, at, to)
        return { position: { ...at, phase: 'switch' }, done: 3, total: phases }
      case 'switch': {
        await closeSchema(control.pools, old)
        await switchCatalog(control, { slug, to, oldSchema: at.oldSchema, newSchema: at.newSchema })
        return { position: { ...at, phase: 'drop' }, done: 4, total: phases }
      }
      case 'drop':
        await dropSchema(control.pools, old)
        return { position: at, done: phases, total: phases, result: { tenant: slug, from: at.from, to } }
    }
  },

  async abandon(control, { slug, to }, at) {
    if (at.phase === 'drop') return
    const tenant = await getTenant(control, slug).catch(() => undefined)
    // Only what this move has begun: a tenant that was not to be moved at all is not touched.
    if (tenant?.status !== 'moving') return
    if (at.phase !== 'begin') {
      if (tenant.ref.schema === at.newSchema) return
      await dropSchema(control.pools, refOf(to, at.newSchema))
      await giveVersion(control, tenant.ref, at)
      await openForWrites(control.pools, tenant.ref)
      await openSchema(control.pools, tenant.ref)
    }
    await changeStatus(control, slug, { from: ['moving'], to: 'active', verb: 'left where it is' })
  },
}

/** All of the copy in one transaction at the target: it is there whole or not at all. */
async function copyTenant(
  { pools }: ControlPlane,
  at: { readonly from: string; readonly oldSchema: string; readonly newSchema: string; readonly version: number },
  to: string,
): Promise<void> {
  const migrations = await readMigrations('tenant')
  await pools.withSession(at.from, (source) =>
    pools.withSession(to, async (target) => {
      await Promise.all([beginAsOwner(source, 'read'), beginAsOwner(target, 'write')])
      const made = await buildTenantSchemaOn(target, at.newSchema, migrations.slice(0, at.version))
      // A worker that died after COMMIT has copied it all.
      if (made) await copySchema({ client: source, schema: at.oldSchema }, { client: target, schema: at.newSchema })
      await target.query('COMMIT')
      await source.query('COMMIT')
    }),
  )
}

interface Version {
  readonly version: number
  readonly checksum: string
}

async function readVersion({ pools }: ControlPlane, { placement, schema }: TenantRef): Promise<Version> {
  const { rows } = await withOwnerTransaction(pools, placement, (client) =>
    client.query<Version>('SELECT version, checksum FROM atrium.tenant_versions WHERE schema_name = $1', [schema]),
  )
  return onlyRow(rows)
}

/**
 * Takes the version record away while the tenant moves: a migration under way is awaited by its lock, and none can begin,
 * nor can drift be repaired, in a schema that is about to be left.
 */
async function takeVersion({ pools }: ControlPlane, { placement, schema }: TenantRef): Promise<void> {
  await withOwnerTransaction(pools, placement, (client) =>
    client.query('DELETE FROM atrium.tenant_versions WHERE schema_name = $1', [schema]),
  )
}

async function giveVersion(
  { pools }: ControlPlane,
  { placement, schema }: TenantRef,
  { version, checksum }: Version,
): Promise<void> {
  await withOwnerTransaction(pools, placement, (client) =>
    client.query(
      'INSERT INTO atrium.tenant_versions (schema_name, version, checksum) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
      [schema, version, checksum],
    ),
  )
}

/** From this commit on the tenant is at its new place. Done again it changes nothing, whatever became of the tenant since. */
async function switchCatalog(
  { pools, catalog }: ControlPlane,
  { slug, to, oldSchema, newSchema }: { slug: string; to: string; oldSchema: string; newSchema: string },
): Promise<void> {
  await withOwnerTransaction(pools, catalog, async (client) => {
    await lockPlacement(client, to)
    const { rowCount } = await client.query(
      `UPDATE catalog.tenants SET placement = $2, schema_name = $3, status = 'active'
       WHERE slug = $1 AND status = 'moving' AND schema_name = $4
         AND (SELECT count(*) FROM catalog.tenants o WHERE o.placement = $2)
           < (SELECT p.tenant_limit FROM catalog.placements p WHERE p.name = $2)`,
      [slug, to, newSchema, oldSchema],
    )
    if (rowCount === 1) return
    const { rows } = await client.query<{ moved: boolean }>(
      'SELECT schema_name = $1 AS moved FROM catalog.tenants WHERE schema_name IN ($1, $2)',
      [newSchema, oldSchema],
    )
    if (rows[0]?.moved === false)
      throw new AppError('placements_full', `The placement "${to}" has filled up meanwhile.`)
    if (rows.length === 0) throw new AppError('wrong_status', `The tenant "${slug}" was changed while it was moved.`)
  })
}
