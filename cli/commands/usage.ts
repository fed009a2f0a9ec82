import { CommandError } from '../../local/command-line.ts'
import type { DailyUsage, TenantUsage, UsageSum } from '../../shared/control/list-usage.ts'
import { type Command, type CommandCall, readAll, table, textOption } from '../command.ts'

const counted = [
  'requests',
  'throttled',
  'errors',
  'database_ms',
  'rows',
  'bytes',
] as const satisfies (keyof UsageSum)[]
const ofTenant = ['id', 'tenant', ...counted, 'stored_rows', 'stored_bytes'] as const satisfies (keyof TenantUsage)[]
const ofDay = ['day', ...counted] as const satisfies (keyof DailyUsage)[]

type Cell = string | number | null

function print<Row>(
  call: CommandCall,
  rows: readonly Row[],
  columns: readonly (keyof Row & string)[],
  none: string,
): void {
  const cells = rows.map((row) => columns.map((column) => row[column] as Cell))
  if (call.options.csv === true) {
    for (const line of [columns, ...cells]) console.log(line.map(toField).join(','))
    return
  }
  const named = cells.map((line) => Object.fromEntries(columns.map((column, at) => [column, toText(line[at] ?? null)])))
  call.print(rows, () => table(named, none))
}

/** RFC 4180; slugs and numbers need no quotes, and nothing else is ever in one. */
function toField(value: Cell): string {
  return String(value ?? '')
}

function toText(value: Cell): string {
  return typeof value === 'number' ? value.toLocaleString('en') : (value ?? '')
}

export const usageCommands: readonly Command[] = [
  {
    name: 'usage',
    usage: '[SLUG] [--from DAY] [--to DAY] [--csv]',
    summary: "Shows what tenants have asked for, this month unless said otherwise; one tenant's by the day (UTC).",
    example: 'atrium usage --from 2026-11-01 --to 2026-11-30 --csv',
    options: { from: { type: 'string' }, to: { type: 'string' }, csv: { type: 'boolean', default: false } },
    async run(call) {
      const [slug, ...others] = call.args
      if (others.length > 0) throw new CommandError('expected one SLUG at most; see --help')
      if (call.json && call.options.csv === true) throw new CommandError('print JSON or CSV, not both')
      const query = new URLSearchParams()
      for (const name of ['from', 'to']) {
        const value = textOption(call, name)
        if (value !== undefined) query.set(name, value)
      }
      if (slug === undefined) {
        const rows: TenantUsage[] = await readAll(call.client, `/usage?${query}`)
        return print(call, rows, ofTenant, 'No tenant has asked for anything in these days.')
      }
      const { body } = await call.client.send('GET', `/tenants/${encodeURIComponent(slug)}/usage?${query}`)
      const days: DailyUsage[] = body.items
      return print(call, days, ofDay, `${slug} has asked for nothing in these days.`)
    },
  },
]
