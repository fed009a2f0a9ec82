import type { AuditEntry } from '../../shared/control/audit.ts'
import type { Operation } from '../../shared/control/operation.ts'
import { type Command, readAll, table, takeArguments } from '../command.ts'
import { followOperation } from '../follow-operation.ts'

const shown = 50

const pathOf = (id: string, action = '') => `/operations/${encodeURIComponent(id)}${action}`

const row = ({ id, kind, tenant, state, progress, started_by, created_at }: Operation) => ({
  ...{ id, kind, tenant: tenant ?? '', state },
  progress: progress.total === null ? '' : `${progress.done}/${progress.total}`,
  ...{ 'started by': started_by, at: created_at },
})

export const operationCommands: readonly Command[] = [
  {
    name: 'operations list',
    usage: '',
    summary: `Lists the latest ${shown} operations.`,
    example: 'atrium operations list',
    async run(call) {
      takeArguments(call)
      const operations: Operation[] = await readAll(call.client, '/operations', shown)
      call.print(operations, () => table(operations.map(row), 'There were no operations.'))
    },
  },
  {
    name: 'operations show',
    usage: 'ID',
    summary: 'Shows one operation, with its result or problem.',
    example: 'atrium operations show 7',
    async run(call) {
      const { ID } = takeArguments(call, 'ID')
      const { body } = await call.client.send('GET', pathOf(ID))
      call.print(body, () => JSON.stringify(body, null, 2))
    },
  },
  {
    name: 'operations wait',
    usage: 'ID',
    summary: 'Waits for an operation, as the command that began it does.',
    example: 'atrium operations wait 7',
    async run(call) {
      const { ID } = takeArguments(call, 'ID')
      await followOperation(call, ID)
    },
  },
  {
    name: 'operations cancel',
    usage: 'ID',
    summary: 'Ends an operation that nobody has begun, or one that can be left half way.',
    example: 'atrium operations cancel 7',
    async run(call) {
      const { ID } = takeArguments(call, 'ID')
      const { body } = await call.client.send('POST', pathOf(ID, '/cancel'))
      call.print(body, () =>
        body.state === 'cancelled' ? `operation ${ID} is cancelled.` : `operation ${ID} will end soon.`,
      )
    },
  },
  {
    name: 'audit',
    usage: '',
    summary: `Shows the latest ${shown} changes that operators made, or tried to.`,
    example: 'atrium audit --json',
    async run(call) {
      takeArguments(call)
      const entries: AuditEntry[] = await readAll(call.client, '/audit', shown)
      const rows = entries.map(({ at, principal, action, target, outcome }) => ({
        ...{ at, principal, action, target, outcome: outcome ?? 'unknown' },
      }))
      call.print(entries, () => table(rows, 'Nothing was changed yet.'))
    },
  },
]
