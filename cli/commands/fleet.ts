import { CommandError } from '../../local/command-line.ts'
import type { Finding } from '../../shared/control/doctor/finding.ts'
import type { MigrationPlan } from '../../shared/control/fleet/plan-migration.ts'
import { type Command, type CommandCall, table, takeArguments, textOption } from '../command.ts'
import { followOperation } from '../follow-operation.ts'

export const fleetCommands: readonly Command[] = [
  {
    name: 'migrate',
    usage: '[--canary SLUG,…] [--tenant SLUG,…] [--to VERSION] [--failure-threshold SHARE] [--dry-run]',
    summary: 'Brings placements and tenants to the latest version, canaries first; exit code 1 when one failed.',
    example: 'atrium migrate --canary acme',
    options: {
      canary: { type: 'string', multiple: true },
      tenant: { type: 'string', multiple: true },
      to: { type: 'string' },
      'failure-threshold': { type: 'string' },
      'dry-run': { type: 'boolean', default: false },
    },
    async run(call) {
      takeArguments(call)
      const to = versionOption(call)
      if (call.options['dry-run'] === true) return showPlan(call, to)
      const threshold = textOption(call, 'failure-threshold')
      const { body } = await call.client.send('POST', '/migrations', {
        ...{ canaries: slugsOption(call, 'canary'), tenants: slugsOption(call, 'tenant') },
        ...(to === undefined ? {} : { to }),
        ...(threshold === undefined ? {} : { failure_threshold: shareOf(threshold) }),
      })
      const operation = await followOperation(call, body.id)
      const { failed = [] } = (operation.result ?? {}) as { failed?: { slug: string; error: string }[] }
      if (failed.length === 0) return
      throw new CommandError(
        `${failed.length} failed:${failed.map(({ slug, error }) => `\n  ${slug}: ${error}`).join('')}`,
      )
    },
  },
  {
    name: 'fleet status',
    usage: '',
    summary: 'Shows which versions the tenants are on, who is behind, who failed and why.',
    example: 'atrium fleet status',
    async run(call) {
      takeArguments(call)
      const { body } = await call.client.send('GET', '/fleet')
      call.print(body, () => {
        const versions = body.versions.map(({ version, tenants }: { version: number; tenants: number }) => ({
          ...{ version: String(version), tenants: String(tenants), '': version < body.latest ? 'behind' : 'latest' },
        }))
        const behind = body.behind.map(({ slug }: { slug: string }) => slug)
        const failed = body.failed.map(({ slug, error }: { slug: string; error: string }) => `  ${slug}: ${error}`)
        const run = body.last_run
        return [
          table(versions, 'There are no tenants.'),
          ...(behind.length > 0 ? ['', `Behind: ${behind.join(', ')}${behind.length === 100 ? ', …' : ''}`] : []),
          ...(failed.length > 0 ? ['', 'Failed in the last run:', ...failed] : []),
          '',
          run === null
            ? 'There was no migration run.'
            : `Last run: operation ${run.id}, ${run.state}, by ${run.started_by}.`,
        ].join('\n')
      })
    },
  },
  {
    name: 'fleet drift',
    usage: '[--repair]',
    summary: "Holds each tenant's schema against what the migrations make; exit code 1 when one differs.",
    example: 'atrium fleet drift --repair',
    options: { repair: { type: 'boolean', default: false } },
    async run(call) {
      takeArguments(call)
      const { body } = await call.client.send('POST', '/fleet/drift', { repair: call.options.repair === true })
      const { result } = await followOperation(call, body.id)
      const { drifted } = result as { drifted: { slug: string; differences: string[]; repaired: number }[] }
      if (drifted.length === 0) return
      const remaining = drifted.filter(({ differences, repaired }) => repaired < differences.length)
      if (remaining.length === 0) return
      const told = remaining.map(({ slug, differences, repaired }) => {
        const mended = repaired > 0 ? ` (${repaired} repaired)` : ''
        return `\n  ${slug}${mended}:${differences.map((difference) => `\n    ${difference}`).join('')}`
      })
      throw new CommandError(`${remaining.length} tenants are not as they should be:${told.join('')}`)
    },
  },
  {
    name: 'doctor',
    usage: '',
    summary: 'Tries to mix up tenants, reads every grant, compares versions, clocks, connections, memory and room.',
    example: 'atrium doctor',
    async run(call) {
      takeArguments(call)
      const { body } = await call.client.send('POST', '/doctor')
      const { result } = await followOperation(call, body.id, 'quietly')
      const { findings } = result as { findings: Finding[] }
      call.print(findings, () =>
        table(
          findings.map(({ check, placement, state, detail }) => ({ check, placement: placement ?? '', state, detail })),
          '',
        ),
      )
      const failed = findings.filter(({ state }) => state === 'failed').length
      if (failed > 0) throw new CommandError(`${failed} of ${findings.length} checks failed`)
    },
  },
]

/** Throws a CommandError for what is no version: a slip must not come to mean the latest. */
function versionOption(call: CommandCall): number | undefined {
  const text = textOption(call, 'to')
  if (text === undefined || /^[1-9]\d{0,3}$/.test(text)) return text === undefined ? undefined : Number(text)
  throw new CommandError(`--to must be a version such as 3, not "${text}"`)
}

/** Slugs that are given one by one, or several with commas between. */
function slugsOption(call: CommandCall, name: string): string[] | undefined {
  const given = call.options[name]
  return Array.isArray(given) ? given.flatMap((text) => String(text).split(',')) : undefined
}

function shareOf(text: string): number {
  const share = Number(text)
  if (text.trim() !== '' && share >= 0 && share <= 1) return share
  throw new CommandError(`--failure-threshold must be a share from 0 to 1, not "${text}"`)
}

async function showPlan(call: CommandCall, to: number | undefined): Promise<void> {
  const query = new URLSearchParams()
  if (to !== undefined) query.set('to', String(to))
  for (const [name, option] of Object.entries({ tenants: 'tenant', canaries: 'canary' })) {
    const slugs = slugsOption(call, option)
    if (slugs !== undefined) query.set(name, slugs.join())
  }
  const { body }: { body: MigrationPlan } = await call.client.send('GET', `/migrations/plan?${query}`)
  call.print(body, () => describePlan(body))
  const failed = body.canaries.filter(({ result }) => result === 'failed').length
  if (body.refused !== null) throw new CommandError(`a run would be refused: ${body.refused}`)
  if (failed > 0) throw new CommandError(`${failed} of ${body.canaries.length} canaries would fail`)
}

function describePlan({ tenants, to, steps, from, placements, canaries, estimate_seconds }: MigrationPlan): string {
  const first = placements.length === 0 ? [] : [`Placements that would be migrated first: ${placements.join(', ')}.`]
  if (tenants === 0 && first.length === 0) return `All tenants are on version ${to}: nothing to do.`
  const estimate = estimate_seconds === null ? '' : `, in about ${estimate_seconds} s by the canaries' time`
  return [
    ...first,
    `${tenants} tenants would come to version ${to}${estimate}:`,
    ...steps.map(({ version, name }) => `  ${version} ${name.replaceAll('_', ' ')}`),
    '',
    table(
      from.map(({ placement, version, tenants }) => ({
        ...{ placement, 'from version': String(version), tenants: String(tenants) },
      })),
      '',
    ),
    '',
    table(
      canaries.map(({ slug, result, error }) => ({
        canary: slug,
        rehearsed: error === undefined ? result : `failed: ${error}`,
      })),
      'No canary was rehearsed.',
    ),
  ].join('\n')
}
