/** A worker in a process of its own, to be killed: goes on with operations until there are none. Takes a folder of tenant migrations. */
import { pathToFileURL } from 'node:url'
import { createMigrateOperation } from '../../shared/control/fleet/migrate-operation.ts'
import { runSlice } from '../../shared/control/run-operations.ts'
import { readMigrations } from '../../shared/db/migrations.ts'
import { applicationControl } from '../../shared/http/serve-operator.ts'

const directory = pathToFileURL(`${process.argv[2]}/`)
const kind = createMigrateOperation(() => readMigrations('tenant', directory))
const control = applicationControl()
console.log('at work')
while (
  (await runSlice(control, new Map([[kind.kind, kind]]), { deadline: Date.now() + 60_000, lease: 300 })) !== 'finished'
) {
  await new Promise((resolve) => setTimeout(resolve, 50))
}
await control.pools.end()
