import * as z from 'zod'
import { readMigrations } from '../../db/migrations.ts'
import { withOwnerTransaction } from '../../db/owner-transaction.ts'
import { AppError } from '../../errors.ts'
import { describeError, log } from '../../logger.ts'
import type { ControlPlane } from '../../tenancy/control-plane.ts'
import { listPlacementNames } from '../fleet/read-truth.ts'
import { invokeProbe, type ProbeRequest } from '../invoke-function.ts'
import type { OperationKind } from '../operation.ts'
import { checkFleet } from './check-fleet.ts'
import { checkGrants, checkSchemas } from './check-grants.ts'
import { checkServer } from './check-server.ts'
import { type Finding, finding } from './finding.ts'

const position = z.object({ done: z.array(z.string()), findings: z.array(finding) })

type Prove = typeof invokeProbe

/**
 * Looks through everything that the isolation and the fleet's health rest on, a placement a step: tries to mix up two
 * tenants over the configured pooler, reads every grant of every tenant, compares clocks, versions, connections, memory
 * and room. Changes nothing.
 */
export function createDoctorOperation(
  prove: Prove = invokeProbe,
): OperationKind<Record<string, never>, z.output<typeof position>> {
  return {
    kind: 'doctor',
    input: z.strictObject({}),
    position,
    start: { done: [], findings: [] },
    cancellable: true,
    async step(control, _, { done, findings }) {
      const placements = await listPlacementNames(control)
      const next = placements.find((name) => !done.includes(name))
      const total = placements.length + 1
      if (next === undefined) {
        const fleet = await attempt(null, async () => checkFleet(control, await readMigrations('tenant')))
        const all = [...findings, ...fleet]
        return { position: { done, findings: all }, done: total, total, result: { findings: all } }
      }
      const found = await checkPlacement(control, next, prove)
      const after = { done: [...done, next], findings: [...findings, ...found] }
      return { position: after, done: after.done.length, total }
    },
  }
}

export const doctorOperation = createDoctorOperation()

async function checkPlacement(control: ControlPlane, placement: string, prove: Prove): Promise<Finding[]> {
  const { active } = await readSchemas(control, placement)
  const where = { holdsCatalog: placement === control.catalog, active }
  return [
    ...(await attempt(placement, async () => [await checkSeparation(placement, active, prove)])),
    ...(await attempt(placement, () =>
      withOwnerTransaction(control.pools, placement, async (client) => [
        await checkGrants(client, placement, where),
        ...(await checkServer(client, placement)),
      ]),
    )),
    ...(await attempt(placement, async () => [await compareSchemas(control, placement)])),
  ]
}

/** Catalog and placement are read one after the other: what differs is looked at again, since a tenant may just be made. */
async function compareSchemas(control: ControlPlane, placement: string): Promise<Finding> {
  const compare = async () => {
    const { settled, unsettled } = await readSchemas(control, placement)
    return withOwnerTransaction(control.pools, placement, (client) =>
      checkSchemas(client, placement, settled, unsettled),
    )
  }
  const first = await compare()
  return first.state === 'ok' ? first : compare()
}

async function attempt(placement: string | null, check: () => Promise<Finding[]>): Promise<Finding[]> {
  try {
    return await check()
  } catch (error) {
    return [unchecked(placement, error)]
  }
}

/** What cannot even be looked at is a finding as well: the other placements are still looked at. */
function unchecked(placement: string | null, error: unknown): Finding {
  log.warn('a check could not be made', { placement, error: describeError(error) })
  const why = error instanceof AppError ? error.message : 'the log has its cause'
  return { check: 'reach', placement, state: 'failed', detail: `a check could not be made: ${why}` }
}

async function checkSeparation(placement: string, active: readonly string[], prove: Prove): Promise<Finding> {
  const [one, other] = active
  if (one === undefined || other === undefined) {
    return unproven(placement, 'fewer than two active tenants: nobody to be mixed up')
  }
  return judge(placement, await prove({ placement, schemas: [one, other] } satisfies ProbeRequest))
}

function judge(placement: string, { transactions, sharedBackends, breaches }: Awaited<ReturnType<Prove>>): Finding {
  const about = { check: 'separation', placement }
  if (breaches.length > 0) return { ...about, state: 'failed', detail: breaches.join('; ') }
  if (sharedBackends === 0) return unproven(placement, `no backend worked for both in ${transactions} transactions`)
  const detail = `two tenants on ${sharedBackends} shared backends, ${transactions} transactions, not once mixed up`
  return { ...about, state: 'ok', detail }
}

function unproven(placement: string, detail: string): Finding {
  return { check: 'separation', placement, state: 'unknown', detail }
}

/** The schemas that the catalog has in a placement; `unsettled` are about to come or go. */
async function readSchemas(
  { pools, catalog }: ControlPlane,
  placement: string,
): Promise<Record<'active' | 'settled' | 'unsettled', string[]>> {
  const { rows } = await withOwnerTransaction(pools, catalog, (client) =>
    client.query<{ schema: string; status: string; here: boolean; version: number; others: string[] }>(
      `SELECT t.schema_name AS schema, t.status, t.placement = $1 AS here, t.version,
         -- Those that a move, of its own or a drain's, or an import is at work on.
         ARRAY(SELECT name FROM unnest(ARRAY[o.position, o.position #> '{current,move}']) AS at,
           unnest(ARRAY[at ->> 'newSchema', at ->> 'oldSchema', at ->> 'schema']) AS name WHERE name IS NOT NULL) AS others
       FROM catalog.tenants t LEFT JOIN catalog.operations o ON o.tenant = t.slug AND o.finished_at IS NULL
       WHERE t.placement = $1 OR o.id IS NOT NULL ORDER BY t.id`,
      [placement],
    ),
  )
  const isSettled = ({ here, status, version }: (typeof rows)[number]) => here && status !== 'moving' && version > 0
  return {
    active: rows.filter(({ here, status }) => here && status === 'active').map(({ schema }) => schema),
    settled: rows.filter(isSettled).map(({ schema }) => schema),
    unsettled: rows
      .filter((row) => !isSettled(row) || row.others.length > 0)
      .flatMap(({ schema, others }) => [schema, ...others]),
  }
}
