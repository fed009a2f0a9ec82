import { domainToASCII } from 'node:url'
import type { toClaimAnswer } from '../../shared/control/domains/claim.ts'
import { type Command, readAll, table, takeArguments } from '../command.ts'

type ClaimAnswer = ReturnType<typeof toClaimAnswer>

interface SeenAnswer extends Omit<ClaimAnswer, 'records'> {
  readonly records: readonly (ClaimAnswer['records'][number] & {
    readonly found?: boolean
    readonly seen?: readonly string[]
    readonly problem?: string
  })[]
}

const pathOf = (slug: string, ...rest: readonly string[]) =>
  ['', 'tenants', slug, 'domains', ...rest].map(encodeURIComponent).join('/')

/** As it goes into a path: international names in punycode. */
const ascii = (domain: string) => domainToASCII(domain) || domain

const nameOf = ({ domain, unicode }: Pick<ClaimAnswer, 'domain' | 'unicode'>) =>
  unicode === undefined ? domain : `${domain} (${unicode})`

const row = (claim: ClaimAnswer) => ({
  ...{ domain: nameOf(claim), tenant: claim.tenant, state: claim.state },
  problem: claim.problem ?? '',
})

function describe(claim: ClaimAnswer): string {
  const records = claim.records.map(({ type, name, value }) => ({ name, type, value }))
  const lines = [`${nameOf(claim)} is ${claim.state}.${claim.problem === null ? '' : ` ${claim.problem}`}`]
  if (records.length > 0) lines.push('', 'Set these records in its zone:', '', table(records, ''))
  return lines.join('\n')
}

function describeSeen({ records, ...claim }: SeenAnswer): string {
  const rows = records.map(({ type, name, value, found, seen = [], problem }) => ({
    ...{ name, type, wanted: value },
    'there now': found ? 'as wanted' : (problem ?? (seen.length === 0 ? 'nothing' : seen.join(', '))),
  }))
  return `${nameOf(claim)} is ${claim.state}.${claim.problem === null ? '' : ` ${claim.problem}`}\n\n${table(rows, '')}`
}

export const domainCommands: readonly Command[] = [
  {
    name: 'domains add',
    usage: 'SLUG DOMAIN',
    summary:
      'Claims a name for a tenant, and says which record proves it. It is routed when it is proven and has a certificate.',
    example: 'atrium domains add acme shop.acme.com',
    async run(call) {
      const { SLUG, DOMAIN } = takeArguments(call, 'SLUG', 'DOMAIN')
      const { body } = await call.client.send('POST', pathOf(SLUG), { domain: DOMAIN })
      call.print(body, () => describe(body))
    },
  },
  {
    name: 'domains list',
    usage: '[SLUG]',
    summary: "Lists a tenant's claimed names, or everyone's, with how far each is.",
    example: 'atrium domains list acme',
    async run(call) {
      const path = call.args.length === 0 ? '/domains' : pathOf(takeArguments(call, 'SLUG').SLUG)
      const claims = await readAll(call.client, path)
      call.print(claims, () => table(claims.map(row), 'No names are claimed.'))
    },
  },
  {
    name: 'domains show',
    usage: 'SLUG DOMAIN',
    summary: 'Shows how far a name is, the very records to set for it, and what is seen there now.',
    example: 'atrium domains show acme shop.acme.com',
    async run(call) {
      const { SLUG, DOMAIN } = takeArguments(call, 'SLUG', 'DOMAIN')
      const { body } = await call.client.send('GET', pathOf(SLUG, ascii(DOMAIN)))
      call.print(body, () => describeSeen(body))
    },
  },
  {
    name: 'domains verify',
    usage: 'SLUG DOMAIN',
    summary: 'Has a name looked at now, rather than when its turn comes. One that failed begins anew.',
    example: 'atrium domains verify acme shop.acme.com',
    async run(call) {
      const { SLUG, DOMAIN } = takeArguments(call, 'SLUG', 'DOMAIN')
      const { body } = await call.client.send('POST', pathOf(SLUG, ascii(DOMAIN), 'verify'))
      call.print(body, () => describe(body))
    },
  },
  {
    name: 'domains remove',
    usage: 'SLUG DOMAIN',
    summary: 'Routes a name no longer, and frees its certificate. Added again it needs new proof.',
    example: 'atrium domains remove acme shop.acme.com',
    async run(call) {
      const { SLUG, DOMAIN } = takeArguments(call, 'SLUG', 'DOMAIN')
      await call.client.send('DELETE', pathOf(SLUG, ascii(DOMAIN)))
      call.print({ tenant: SLUG, domain: DOMAIN, removed: true }, () => `${DOMAIN} is no name of ${SLUG} any more.`)
    },
  },
]
