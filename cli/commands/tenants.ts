import { createInterface } from 'node:readline/promises'
import { CommandError } from '../../local/command-line.ts'
import { type Command, type CommandCall, readAll, table, takeArguments, textOption } from '../command.ts'
import { followOperation } from '../follow-operation.ts'

interface TenantAnswer {
  readonly slug: string
  readonly name: string
  readonly status: string
  readonly placement: string
  readonly version: number
  readonly domains: readonly string[]
  readonly created_at: string
  readonly purge_after: string | null
}

const row = ({ slug, name, status, placement, version, domains }: TenantAnswer) => ({
  ...{ slug, name, status, placement, version: String(version), domains: domains.join(' ') },
})

const pathOf = (slug: string, action = '') => `/tenants/${encodeURIComponent(slug)}${action}`

/** A command that posts to `/tenants/{slug}/<verb>` and shows the tenant. */
function verbCommand(verb: string, summary: string, said: string): Command {
  return {
    ...{ name: `tenants ${verb}`, usage: 'SLUG', summary, example: `atrium tenants ${verb} acme` },
    async run(call) {
      const { SLUG } = takeArguments(call, 'SLUG')
      const { body } = await call.client.send('POST', pathOf(SLUG, `/${verb}`))
      call.print(body, () => `${SLUG} is ${said}.`)
    },
  }
}

export const tenantCommands: readonly Command[] = [
  {
    name: 'tenants create',
    usage: 'SLUG --name NAME [--domain DOMAIN …] [--placement NAME] [--plan NAME]',
    summary:
      'Makes a tenant: schema, role, tables, catalog. Run again it finishes what was begun, and changes nothing.',
    example: "atrium tenants create acme --name 'Acme Ltd' --domain shop.acme.com",
    options: {
      name: { type: 'string' },
      domain: { type: 'string', multiple: true, default: [] },
      placement: { type: 'string' },
      plan: { type: 'string' },
    },
    async run(call) {
      const { SLUG } = takeArguments(call, 'SLUG')
      const { name, placement, plan, domain } = call.options
      if (name === undefined) throw new CommandError('give the tenant a name with --name')
      const request = { slug: SLUG, name, domains: domain, placement, plan }
      const { status, body } = await call.client.send('POST', '/tenants', request)
      call.print(body, () =>
        status === 201 ? `${SLUG} is made and ${body.status}.` : `${SLUG} was there already, ${body.status}.`,
      )
    },
  },
  {
    name: 'tenants list',
    usage: '[--status STATUS] [--placement NAME]',
    summary: 'Lists tenants in the order they were made.',
    example: 'atrium tenants list --status suspended',
    options: { status: { type: 'string' }, placement: { type: 'string' } },
    async run(call) {
      takeArguments(call)
      const query = new URLSearchParams()
      for (const name of ['status', 'placement']) {
        const value = textOption(call, name)
        if (value !== undefined) query.set(name, value)
      }
      const tenants: TenantAnswer[] = await readAll(call.client, `/tenants?${query}`)
      call.print(tenants, () => table(tenants.map(row), 'There are no such tenants.'))
    },
  },
  {
    name: 'tenants show',
    usage: 'SLUG',
    summary: 'Shows one tenant.',
    example: 'atrium tenants show acme',
    async run(call) {
      const { SLUG } = takeArguments(call, 'SLUG')
      const { body } = await call.client.send('GET', pathOf(SLUG))
      call.print(body, () =>
        Object.entries(body)
          .map(([name, value]) => `${name.padEnd(12)} ${Array.isArray(value) ? value.join(' ') : value}`)
          .join('\n'),
      )
    },
  },
  verbCommand(
    'suspend',
    'Suspends a tenant: the database refuses it at once, and older transactions end.',
    'suspended',
  ),
  verbCommand('resume', 'Undoes a suspension.', 'active again'),
  verbCommand('restore', 'Brings a deleted tenant back, until it is purged.', 'active again'),
  {
    name: 'tenants rename',
    usage: 'SLUG NAME',
    summary: 'Changes what people call a tenant. Its slug stays.',
    example: "atrium tenants rename acme 'Acme & Sons'",
    async run(call) {
      const { SLUG, NAME } = takeArguments(call, 'SLUG', 'NAME')
      const { body } = await call.client.send('PATCH', pathOf(SLUG), { name: NAME })
      call.print(body, () => `${SLUG} is called ${body.name}.`)
    },
  },
  {
    name: 'tenants plan',
    usage: 'SLUG PLAN',
    summary: 'Gives a tenant a plan: what it allows holds within 10 seconds.',
    example: 'atrium tenants plan acme small',
    async run(call) {
      const { SLUG, PLAN } = takeArguments(call, 'SLUG', 'PLAN')
      const { body } = await call.client.send('PATCH', pathOf(SLUG), { plan: PLAN })
      call.print(body, () => `${SLUG} has the plan ${body.plan}.`)
    },
  },
  {
    name: 'tenants cors',
    usage: 'SLUG [ORIGIN …]',
    summary: "Sets whose pages may call a tenant's API on its own domains: all of them anew, nobody's without any.",
    example: 'atrium tenants cors acme https://shop.acme.com',
    async run(call) {
      const [slug, ...origins] = call.args
      if (slug === undefined) throw new CommandError('expected SLUG; see --help')
      const { body } = await call.client.send('PATCH', pathOf(slug), { cors_origins: origins })
      call.print(body, () =>
        origins.length === 0 ? `No page may call ${slug}.` : `Pages of ${origins.join(', ')} may call ${slug}.`,
      )
    },
  },
  {
    name: 'tenants delete',
    usage: 'SLUG [--grace-days DAYS | --now [--confirm SLUG]]',
    summary: 'Deletes a tenant: it is refused at once and purged after 30 days, or now, with the slug typed again.',
    example: 'atrium tenants delete acme --now --confirm acme',
    options: {
      'grace-days': { type: 'string' },
      now: { type: 'boolean', default: false },
      confirm: { type: 'string' },
    },
    async run(call) {
      const { SLUG } = takeArguments(call, 'SLUG')
      if (call.options.now === true) return purge(call, SLUG)
      const days = textOption(call, 'grace-days')
      const query = days === undefined ? '' : `?grace_days=${encodeURIComponent(days)}`
      const { body } = await call.client.send('DELETE', pathOf(SLUG, query))
      call.print(
        body,
        () =>
          `${SLUG} is refused from now on, and purged at ${body.purge_after}; until then: atrium tenants restore ${SLUG}`,
      )
    },
  },
  {
    name: 'tenants move',
    usage: 'SLUG --to PLACEMENT [--yes]',
    summary:
      'Moves a tenant to another placement; it is read-only meanwhile. Above an estimated minute it needs --yes.',
    example: 'atrium tenants move acme --to second',
    options: { to: { type: 'string' }, yes: { type: 'boolean', default: false } },
    async run(call) {
      const { SLUG } = takeArguments(call, 'SLUG')
      const to = textOption(call, 'to')
      if (to === undefined) throw new CommandError('name the placement with --to')
      const { body } = await call.client.send('POST', pathOf(SLUG, '/move'), {
        to,
        confirmed: call.options.yes === true,
      })
      process.stderr.write(`${SLUG} will be read-only for about ${body.estimate_seconds} s\n`)
      await followOperation(call, body.id)
    },
  },
]

async function purge(call: CommandCall, slug: string): Promise<void> {
  const confirmed =
    textOption(call, 'confirm') ?? (await ask(`All of ${slug}'s data will be gone. Type its slug again: `))
  if (confirmed !== slug) throw new CommandError('the slug was not typed again: nothing was deleted')
  const { body } = await call.client.send('DELETE', pathOf(slug, `?purge=${encodeURIComponent(slug)}`))
  await followOperation(call, body.id)
}

async function ask(question: string): Promise<string> {
  if (!process.stdin.isTTY) throw new CommandError('give the slug again with --confirm')
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return await terminal.question(question)
  } finally {
    terminal.close()
  }
}
