import { CommandError } from '../../local/command-line.ts'
import type { PlanRecord } from '../../shared/control/plans.ts'
import { type Command, type CommandCall, table, takeArguments, textOption } from '../command.ts'

const whole = (value: number | null) => (value === null ? '' : value.toLocaleString('en'))

const row = (plan: PlanRecord) => ({
  ...{ plan: plan.name, tenants: String(plan.tenants) },
  ...{
    'requests/s': whole(plan.requests_per_second),
    burst: whole(plan.burst),
    'statement ms': whole(plan.statement_ms),
  },
  ...{ page: whole(plan.page_size), rows: whole(plan.row_limit), 'storage bytes': whole(plan.storage_bytes) },
})

/** Which option says which limit. */
const limits = {
  rate: 'requests_per_second',
  burst: 'burst',
  'statement-ms': 'statement_ms',
  page: 'page_size',
  rows: 'row_limit',
  storage: 'storage_bytes',
} as const

const options = Object.fromEntries(Object.keys(limits).map((name) => [name, { type: 'string' as const }]))
const usage = '[--rate N] [--burst N] [--statement-ms N] [--page N] [--rows N] [--storage BYTES]'

function limitsOf(call: CommandCall): Record<string, number | null> {
  const asked: Record<string, number | null> = {}
  for (const [option, field] of Object.entries(limits)) {
    const value = textOption(call, option)
    if (value === undefined) continue
    if (value !== 'none' && !/^\d{1,15}(\.\d+)?$/.test(value)) {
      throw new CommandError(`--${option} must be a number, or none: "${value}"`)
    }
    asked[field] = value === 'none' ? null : Number(value)
  }
  return asked
}

const pathOf = (name: string) => `/plans/${encodeURIComponent(name)}`

export const planCommands: readonly Command[] = [
  {
    name: 'plans list',
    usage: '',
    summary: 'Lists the plans, and what each allows a tenant; nothing stands for no limit of its own.',
    example: 'atrium plans list',
    async run(call) {
      takeArguments(call)
      const { body } = await call.client.send('GET', '/plans')
      call.print(body.items, () => table(body.items.map(row), 'There are no plans.'))
    },
  },
  {
    name: 'plans add',
    usage: `NAME ${usage}`,
    summary:
      'Makes a plan. A rate is in requests a second, over all instances; without a burst, two seconds may come at once.',
    example: 'atrium plans add small --rate 20 --statement-ms 2000 --page 100 --rows 100000',
    options,
    async run(call) {
      const { NAME } = takeArguments(call, 'NAME')
      const { body } = await call.client.send('POST', '/plans', { name: NAME, ...limitsOf(call) })
      call.print(body, () => table([row(body)], ''))
    },
  },
  {
    name: 'plans set',
    usage: `NAME ${usage}`,
    summary: 'Changes what a plan allows, within 10 seconds; none lifts a limit.',
    example: 'atrium plans set small --rate 50 --rows none',
    options,
    async run(call) {
      const { NAME } = takeArguments(call, 'NAME')
      const { body } = await call.client.send('PATCH', pathOf(NAME), limitsOf(call))
      call.print(body, () => table([row(body)], ''))
    },
  },
  {
    name: 'plans remove',
    usage: 'NAME',
    summary: 'Removes a plan that no tenant has.',
    example: 'atrium plans remove small',
    async run(call) {
      const { NAME } = takeArguments(call, 'NAME')
      await call.client.send('DELETE', pathOf(NAME))
      call.print({ plan: NAME, removed: true }, () => `There is no plan ${NAME} any more.`)
    },
  },
]
