import { CommandError } from '../../local/command-line.ts'
import type { ApiKeyRecord, NewApiKey } from '../../shared/control/api-keys.ts'
import type { TokenIssuerRecord } from '../../shared/control/token-issuers.ts'
import { type Command, type CommandCall, table, takeArguments, textOption } from '../command.ts'

const pathOf = (slug: string, ...rest: readonly string[]) =>
  ['', 'tenants', slug, ...rest].map(encodeURIComponent).join('/')

const keyRow = ({ key_id, name, state, scopes, expires_at, last_used_at }: ApiKeyRecord) => ({
  ...{ id: key_id, name, state, scopes: scopes.join(' ') },
  ...{ expires: expires_at ?? 'never', 'last used': last_used_at ?? 'never' },
})

const issuerRow = (issuer: TokenIssuerRecord) => ({
  ...{ id: issuer.id, issuer: issuer.issuer, audience: issuer.audience },
  tenant: issuer.tenant_claim === null ? '' : `${issuer.tenant_claim}=${issuer.tenant_value}`,
  ...{
    scopes: issuer.scope_claim,
    'keys from': issuer.jwks_uri ?? 'discovery',
    keys: issuer.problem ?? String(issuer.signing_keys ?? 'not fetched yet'),
  },
})

/** The key alone on stdout, so that `KEY=$(atrium keys create …)` has it; what there is to say of it on stderr. */
function showOnce(call: CommandCall, made: NewApiKey, more = ''): void {
  call.print(made, () => made.key)
  if (call.json) return
  console.error(`This is key ${made.key_id}. It is shown this once and kept nowhere: only its SHA-256 is.${more}`)
}

export const credentialCommands: readonly Command[] = [
  {
    name: 'keys create',
    usage: 'SLUG --name NAME [--scope SCOPE …] [--expires TIME]',
    summary: 'Makes an API key for a tenant, and shows it once. Without --scope it may do everything.',
    example: "atrium keys create acme --name 'web shop' --scope products:read --scope orders:write",
    options: {
      name: { type: 'string' },
      scope: { type: 'string', multiple: true },
      expires: { type: 'string' },
    },
    async run(call) {
      const { SLUG } = takeArguments(call, 'SLUG')
      const { name, scope } = call.options
      if (name === undefined) throw new CommandError('give the key a name with --name')
      const expires_at = textOption(call, 'expires')
      const { body } = await call.client.send('POST', pathOf(SLUG, 'keys'), { name, scopes: scope, expires_at })
      showOnce(call, body)
    },
  },
  {
    name: 'keys list',
    usage: 'SLUG',
    summary: "Lists a tenant's API keys, and when each was last used, to the hour.",
    example: 'atrium keys list acme',
    async run(call) {
      const { SLUG } = takeArguments(call, 'SLUG')
      const { body } = await call.client.send('GET', pathOf(SLUG, 'keys'))
      call.print(body.items, () => table(body.items.map(keyRow), `${SLUG} has no keys.`))
    },
  },
  {
    name: 'keys revoke',
    usage: 'SLUG ID',
    summary: 'Revokes an API key: it is refused everywhere within 10 s.',
    example: 'atrium keys revoke acme k3y2abcdefgh',
    async run(call) {
      const { SLUG, ID } = takeArguments(call, 'SLUG', 'ID')
      const { body } = await call.client.send('DELETE', pathOf(SLUG, 'keys', ID))
      call.print(body, () => `key ${ID} is revoked.`)
    },
  },
  {
    name: 'keys rotate',
    usage: 'SLUG ID [--overlap HOURS]',
    summary: 'Makes a key like another one, which ends after 24 hours or as many as said.',
    example: 'atrium keys rotate acme k3y2abcdefgh --overlap 1',
    options: { overlap: { type: 'string' } },
    async run(call) {
      const { SLUG, ID } = takeArguments(call, 'SLUG', 'ID')
      const overlap = textOption(call, 'overlap')
      if (overlap !== undefined && !/^\d{1,3}(?:\.\d+)?$/.test(overlap)) {
        throw new CommandError(`--overlap must be a number of hours such as 24, not "${overlap}"`)
      }
      const { body } = await call.client.send('POST', pathOf(SLUG, 'keys', ID, 'rotate'), {
        ...(overlap === undefined ? {} : { overlap_hours: Number(overlap) }),
      })
      showOnce(call, body, `\nThe other one, ${ID}, ends ${overlap ?? 24} hours from now.`)
    },
  },
  {
    name: 'issuers add',
    usage:
      'SLUG --issuer URL --audience TEXT [--jwks-uri URL] [--tenant-claim NAME=VALUE] [--scope-claim NAME] [--map VALUE=SCOPE,… …]',
    summary: "Lets a tenant take an identity provider's tokens (JWT).",
    example:
      'atrium issuers add acme --issuer https://login.acme.com --audience atrium --map admin=orders:read,orders:write',
    options: {
      issuer: { type: 'string' },
      audience: { type: 'string' },
      'jwks-uri': { type: 'string' },
      'tenant-claim': { type: 'string' },
      'scope-claim': { type: 'string' },
      map: { type: 'string', multiple: true },
    },
    async run(call) {
      const { SLUG } = takeArguments(call, 'SLUG')
      const { issuer, audience, map } = call.options
      if (issuer === undefined || audience === undefined) throw new CommandError('give --issuer and --audience')
      const claim = textOption(call, 'tenant-claim')
      const [tenant_claim, tenant_value] = claim === undefined ? [] : splitPair(claim, '--tenant-claim')
      const { body } = await call.client.send('POST', pathOf(SLUG, 'issuers'), {
        ...{ issuer, audience, jwks_uri: textOption(call, 'jwks-uri'), scope_claim: textOption(call, 'scope-claim') },
        ...{ tenant_claim, tenant_value },
        ...(Array.isArray(map) ? { scope_map: Object.fromEntries(map.map((pair) => scopesOf(String(pair)))) } : {}),
      })
      call.print(body, () => table([issuerRow(body)], ''))
    },
  },
  {
    name: 'issuers list',
    usage: 'SLUG',
    summary: 'Lists whose tokens a tenant takes, and how the fetching of their keys went.',
    example: 'atrium issuers list acme',
    async run(call) {
      const { SLUG } = takeArguments(call, 'SLUG')
      const { body } = await call.client.send('GET', pathOf(SLUG, 'issuers'))
      call.print(body.items, () => table(body.items.map(issuerRow), `${SLUG} takes no tokens.`))
    },
  },
  {
    name: 'issuers remove',
    usage: 'SLUG ID',
    summary: "Takes an issuer's tokens no longer: they are refused everywhere within 10 s.",
    example: 'atrium issuers remove acme 3',
    async run(call) {
      const { SLUG, ID } = takeArguments(call, 'SLUG', 'ID')
      await call.client.send('DELETE', pathOf(SLUG, 'issuers', ID))
      call.print({ removed: ID }, () => `issuer ${ID} is removed.`)
    },
  },
]

function splitPair(pair: string, option: string): [string, string] {
  const at = pair.indexOf('=')
  if (at < 1) throw new CommandError(`${option} must be NAME=VALUE, not "${pair}"`)
  return [pair.slice(0, at), pair.slice(at + 1)]
}

function scopesOf(pair: string): [string, string[]] {
  const [value, scopes] = splitPair(pair, '--map')
  return [value, scopes.split(',')]
}
