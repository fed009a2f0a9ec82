import * as z from 'zod'
import { readMigrations } from '../db/migrations.ts'
import { withOwnerTransaction } from '../db/owner-transaction.ts'
import { AppError } from '../errors.ts'
import { describeError, log } from '../logger.ts'
import { buildTenantSchemaOn } from '../tenancy/build-tenant-schema.ts'
import { refOf } from '../tenancy/catalog-queries.ts'
import type { ControlPlane } from '../tenancy/control-plane.ts'
import { lockPlacements } from '../tenancy/register-placement.ts'
import { drawSchemaName } from '../tenancy/slug.ts'
import { collectKeyUses } from './api-keys.ts'
import { forgetRequests } from './collect-usage.ts'
import { type CopyLimits, type CopyProgress, type CopySide, copyRows, forgetCopy, verifyCopy } from './copy-schema.ts'
import { dropSchema } from './delete-tenant.ts'
import { findTenant, getTenant } from './list-tenants.ts'
import type { OperationKind, OperationTools } from './operation.ts'
import { checkLease, requireLease } from './operation-lease.ts'
import { beginAsOwner, withOwnerSession } from './owner-session.ts'
import { closeForWrites, closeSchema, openForWrites, openSchema } from './schema-access.ts'
import { changeStatus, type TenantRecord } from './tenant-status.ts'
import { giveVersion, readVersion, takeVersion } from './version-record.ts'

const input = z.object({ slug: z.string(), to: z.string() })

const position = z.discriminatedUnion('phase', [
  z.object({ phase: z.literal('begin') }),
  z.object({
    phase: z.enum(['close', 'copy', 'verify', 'switch', 'drop']),
    from: z.string(),
    oldSchema: z.string(),
    newSchema: z.string(),
    version: z.int(),
    checksum: z.string(),
  }),
])

type Position = z.output<typeof position>

/** What the progress shows, in hundredths: copying is nearly all of it. */
const shares = { begun: 5, closed: 10, copied: 80, verified: 90, switched: 95, all: 100 }

/** 128 MiB: some seconds' work, so that little is done again. */
const defaultPart = { blocks: 16_384, milliseconds: 5_000 }

/**
 * Moves a tenant to another placement. It is read-only while it is copied: writes are revoked at the old place and those
 * under way awaited. Then the old place is closed, the catalog switched, the old schema dropped. Wherever it is
 * interrupted, the tenant is whole in one place and a rerun finishes; given up before the switch, it stays where it was.
 * `part` is how much is copied at a time, and for how long before the progress is saved.
 */
export function createMoveOperation(part = defaultPart): OperationKind<z.output<typeof input>, Position> {
  return {
    kind: 'move',
    input,
    position,
    start: { phase: 'begin' },
    cancellable: true,
    isPastReturn: ({ phase }) => phase === 'drop',

    async step(control, { slug, to }, at, worker) {
      const total = shares.all
      if (at.phase === 'begin') {
        const { ref } = await changeStatus(control, slug, {
          ...{ from: ['active', 'moving'], elsewhere: to, to: 'moving', verb: 'moved', worker },
        })
        const next = {
          from: ref.placement,
          oldSchema: ref.schema,
          newSchema: drawSchemaName(slug),
          ...(await readVersion(control, ref)),
        }
        return { position: { phase: 'close', ...next }, done: shares.begun, total }
      }
      const old = refOf(at.from, at.oldSchema)
      switch (at.phase) {
        case 'close': {
          await checkLease(control, worker)
          const found = await takeVersion(control, old, at)
          // Remembered before it is taken: it is what the copy is made of, and what is given back.
          if (found !== undefined) return { position: { ...at, ...found }, done: shares.begun, total }
          await closeForWrites(control.pools, old)
          await openWhatIsKept(control, slug, at, worker)
          return { position: { ...at, phase: 'copy' }, done: shares.closed, total }
        }
        case 'copy': {
          const until = Math.min(worker.deadline, Date.now() + part.milliseconds)
          const progress = await copyTenant(control, at, to, { blocks: part.blocks, until })
          const share = progress.total === 0 ? 1 : progress.copied / progress.total
          const done = shares.closed + Math.floor(share * (shares.copied - shares.closed))
          return { position: { ...at, phase: share < 1 ? 'copy' : 'verify' }, done, total }
        }
        case 'verify':
          await withBothPlaces(control, at, to, verifyCopy)
          return { position: { ...at, phase: 'switch' }, done: shares.verified, total }
        case 'switch': {
          await requireMoving(control, slug, at)
          await closeSchema(control.pools, old)
          await openWhatIsKept(control, slug, at, worker)
          await collectKeyUses(control, slug)
          await switchCatalog(control, { slug, to, oldSchema: at.oldSchema, newSchema: at.newSchema }, worker)
          return { position: { ...at, phase: 'drop' }, done: shares.switched, total }
        }
        case 'drop':
          await dropOldPlace(control, { slug, to }, at)
          return { position: at, done: total, total, result: { tenant: slug, from: at.from, to } }
      }
    },
    async abandon(control, { slug, to }, at) {
      if (at.phase === 'drop') return
      const tenant = await findTenant(control, slug)
      // A worker died between the switch and saying so: there is nothing to undo any more.
      if (at.phase !== 'begin' && tenant?.ref.schema === at.newSchema) return dropOldPlace(control, { slug, to }, at)
      // Only what this move has begun: a tenant that was not to be moved at all is not touched.
      if (at.phase !== 'begin' && tenant?.ref.schema === at.oldSchema) {
        // Where the tenant is comes first: it is served again even while the target is out of reach.
        await openAgain(control, tenant, at)
      }
      if (tenant?.status === 'moving')
        await changeStatus(control, slug, { from: ['moving'], to: 'active', verb: 'left where it is' })
      if (at.phase !== 'begin') await removeCopy(control, to, at.newSchema)
    },
  }
}

/** Gives a tenant back what its move has taken where it is. One that was suspended since stays shut. */
async function openAgain(control: ControlPlane, { status, ref }: TenantRecord, at: Places): Promise<void> {
  await giveVersion(control, ref, at)
  await openForWrites(control.pools, ref)
  if (status === 'moving' || status === 'active') await openSchema(control.pools, ref)
}

/**
 * Behind what shuts the old place: a worker whose lease has passed meanwhile may have shut what another has opened for good,
 * and opens it again. Throws `unavailable` then.
 */
async function openWhatIsKept(control: ControlPlane, slug: string, at: Places, worker: OperationTools): Promise<void> {
  try {
    await checkLease(control, worker)
  } catch (error) {
    const tenant = await findTenant(control, slug)
    if (tenant?.ref.schema === at.oldSchema && tenant.status !== 'moving') await openAgain(control, tenant, at)
    throw error
  }
}

/** What an attempt to undo has left to be served where it was is not shut again, and what was switched is not switched again. */
async function requireMoving(control: ControlPlane, slug: string, at: Places): Promise<void> {
  const { status, ref } = await getTenant(control, slug)
  if (status === 'moving' || ref.schema === at.newSchema) return
  throw new AppError('wrong_status', `The tenant "${slug}" is ${status}: it is not moved any more.`)
}

/** Takes away what the tenant has left behind. Done again it changes nothing. */
async function dropOldPlace(
  control: ControlPlane,
  { slug, to }: { slug: string; to: string },
  at: Places,
): Promise<void> {
  await dropSchema(control.pools, refOf(at.from, at.oldSchema))
  // Last: without these rows a worker that lost its lease long ago would take the copy for not begun.
  await forgetCopy(control, to, at.newSchema)
  // None where it was purged since.
  const tenant = await findTenant(control, slug)
  if (tenant !== undefined) await forgetRequests(control, tenant.id, at.from)
}

/** Takes away what was copied. Where that is out of reach it is left behind, and the doctor names it. */
async function removeCopy(control: ControlPlane, placement: string, schema: string): Promise<void> {
  try {
    await dropSchema(control.pools, refOf(placement, schema))
  } catch (error) {
    log.warn('the copy of a move that was given up is left behind', { placement, schema, error: describeError(error) })
  }
}

export const moveOperation = createMoveOperation()

type Places = Extract<Position, { from: string }>

/** Goes on copying. The schema is made first, in a transaction of its own; nobody is led to it before the switch. */
async function copyTenant(control: ControlPlane, at: Places, to: string, limits: CopyLimits): Promise<CopyProgress> {
  const migrations = (await readMigrations('tenant')).slice(0, at.version)
  return withBothPlaces(control, at, to, async (source, target) => {
    await withOwnerSession(target.client, () => buildTenantSchemaOn(target.client, target.schema, migrations))
    return copyRows(source, target, limits)
  })
}

/** Sessions at both places; the old one's sees one state of it throughout. */
async function withBothPlaces<Result>(
  { pools }: ControlPlane,
  at: Places,
  to: string,
  work: (source: CopySide, target: CopySide) => Promise<Result>,
): Promise<Result> {
  return pools.withSession(at.from, (old) =>
    pools.withSession(to, async (fresh) => {
      await beginAsOwner(old, 'read')
      const result = await work({ client: old, schema: at.oldSchema }, { client: fresh, schema: at.newSchema })
      await old.query('COMMIT')
      return result
    }),
  )
}

/** From this commit on the tenant is at its new place. Done again it changes nothing, whatever became of the tenant since. */
async function switchCatalog(
  { pools, catalog }: ControlPlane,
  { slug, to, oldSchema, newSchema }: { slug: string; to: string; oldSchema: string; newSchema: string },
  worker: OperationTools,
): Promise<void> {
  await withOwnerTransaction(pools, catalog, async (client) => {
    await requireLease(client, worker)
    await lockPlacements(client, to)
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
