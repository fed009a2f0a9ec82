import { migrateOperation } from '../shared/control/fleet/migrate-operation.ts'
import { readTruth } from '../shared/control/fleet/read-truth.ts'
import { getOperation, startOperation } from '../shared/control/operations.ts'
import { runSlice } from '../shared/control/run-operations.ts'
import { readMigrations } from '../shared/db/migrations.ts'
import type { ControlPlane } from '../shared/tenancy/control-plane.ts'
import { CommandError } from './command-line.ts'

/**
 * Brings tenants that an earlier version of the code has made to what this one needs, as a deployment does on AWS. Does
 * nothing when none is behind. Throws a CommandError with the tenants that could not be migrated.
 */
export async function migrateFleet(control: ControlPlane): Promise<void> {
  const latest = (await readMigrations('tenant')).length
  const versions = [...(await readTruth(control)).keys()]
  if (versions.every((version) => version >= latest)) return
  const input = { tenants: null, canaries: null, to: null, failureThreshold: 1 }
  const { id } = await startOperation(control, migrateOperation, { input, tenant: null, operator: 'npm start' })
  const kinds = new Map([[migrateOperation.kind, migrateOperation]])
  while ((await getOperation(control, id)).finished_at === null) {
    await runSlice(control, kinds, { deadline: Date.now() + 60_000 })
  }
  const { state, problem, result } = await getOperation(control, id)
  const failed = (result as { failed: { slug: string; error: string }[] } | null)?.failed ?? []
  if (state === 'succeeded' && failed.length === 0) return
  const told = failed.map(({ slug, error }) => `\n  ${slug}: ${error}`).join('')
  throw new CommandError(`the tenants could not be migrated: ${problem?.detail ?? ''}${told}`)
}
