import { CommandError } from '../../local/command-line.ts'
import type { PlacementRecord } from '../../shared/control/placements.ts'
import { type Command, table, takeArguments, textOption } from '../command.ts'
import { followOperation } from '../follow-operation.ts'

const row = ({ name, tenants, tenant_limit, accepts_tenants }: PlacementRecord) => ({
  ...{ placement: name, tenants: `${tenants} of ${tenant_limit}`, 'new tenants': accepts_tenants ? 'yes' : 'no' },
})

export const placementCommands: readonly Command[] = [
  {
    name: 'placements list',
    usage: '',
    summary: 'Lists the placements, and how full they are.',
    example: 'atrium placements list',
    async run(call) {
      takeArguments(call)
      const { body } = await call.client.send('GET', '/placements')
      call.print(body.items, () => table(body.items.map(row), 'There are no placements.'))
    },
  },
  {
    name: 'placements add',
    usage: 'NAME [--dedicated]',
    summary:
      'Makes a declared placement: database, owner, logins, grants. Locally any name will do. --dedicated: for one tenant.',
    example: 'atrium placements add second',
    options: { dedicated: { type: 'boolean', default: false } },
    async run(call) {
      const { NAME } = takeArguments(call, 'NAME')
      const { body } = await call.client.send('POST', '/placements', {
        ...{ name: NAME, dedicated: call.options.dedicated === true },
      })
      call.print(body, () => table([row(body)], ''))
    },
  },
  {
    name: 'placements drain',
    usage: 'NAME',
    summary: 'Closes a placement and moves its tenants, one after the other, to where there is room.',
    example: 'atrium placements drain second',
    async run(call) {
      const { NAME } = takeArguments(call, 'NAME')
      const { body } = await call.client.send('POST', `/placements/${encodeURIComponent(NAME)}/drain`)
      await followOperation(call, body.id)
    },
  },
  {
    name: 'placements remove',
    usage: 'NAME',
    summary: 'Forgets a placement that holds no tenant. Its database stays until its server is taken down.',
    example: 'atrium placements remove restored',
    async run(call) {
      const { NAME } = takeArguments(call, 'NAME')
      await call.client.send('DELETE', `/placements/${encodeURIComponent(NAME)}`)
      call.print({ placement: NAME, removed: true }, () => `${NAME} is no placement any more.`)
    },
  },
  {
    name: 'placements set',
    usage: 'NAME [--limit TENANTS] [--open | --closed]',
    summary: 'Sets how many tenants a placement may hold, and whether new ones may come to it.',
    example: 'atrium placements set main --limit 400 --closed',
    options: { limit: { type: 'string' }, open: { type: 'boolean' }, closed: { type: 'boolean' } },
    async run(call) {
      const { NAME } = takeArguments(call, 'NAME')
      const limit = textOption(call, 'limit')
      const { open, closed } = call.options
      if (open === true && closed === true) throw new CommandError('a placement is open or closed, not both')
      const { body } = await call.client.send('PATCH', `/placements/${encodeURIComponent(NAME)}`, {
        ...(limit === undefined ? {} : { tenant_limit: Number(limit) }),
        ...(open === true ? { accepts_tenants: true } : closed === true ? { accepts_tenants: false } : {}),
      })
      call.print(body, () => table([row(body)], ''))
    },
  },
]
