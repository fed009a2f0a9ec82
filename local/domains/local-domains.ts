import { wantedRecords } from '../../shared/control/domains/claim.ts'
import { listClaims } from '../../shared/control/domains/claims.ts'
import type { ControlPlane } from '../../shared/tenancy/control-plane.ts'
import { type DomainsEndpoint, startDomainsEndpoint } from './domains-endpoint.ts'
import { type NameServer, startNameServer } from './name-server.ts'

/** What tenants' own names need beside the stage: DNS, and the parts of AWS that certify and serve them. */
export interface LocalDomains {
  /** For the courier. */
  readonly environment: Readonly<Record<string, string>>
  /** Whether the gateway is to serve a name by HTTPS, as API Gateway would. */
  isServed(name: string): boolean
  close(): Promise<void>
}

const everything = { slug: null, after: '0', limit: 10_000 }

/** The host that names lead to here. */
const target = 'gateway.atrium.test'

/**
 * Plays DNS, ACM and API Gateway for the courier. The zone of `.test` is ours (RFC 6761): who claims a name under it is taken to
 * set the records that are asked for, so that a claim goes through by itself. Names elsewhere stay unproven.
 */
export async function startLocalDomains(control: ControlPlane): Promise<LocalDomains> {
  const find = async (type: string, name: string): Promise<string[]> => {
    if (!name.endsWith('.test')) return []
    const wanted = (await listClaims(control, everything)).flatMap(wantedRecords)
    return wanted.filter((record) => record.type === type && record.name === name).map(({ value }) => value)
  }
  const names: NameServer = await startNameServer(find)
  const aws: DomainsEndpoint = await startDomainsEndpoint({
    target,
    isThere: async ({ name, value }) => (await find('CNAME', name)).includes(value),
    // What was made before this start: the claims know.
    made: (await listClaims(control, everything)).flatMap(({ domain, details: { certificate, token } }) =>
      certificate === undefined ? [] : [{ domain, certificate, token: token ?? '' }],
    ),
  })
  return {
    environment: {
      ...{ DNS_RESOLVERS: names.address, APPLICATION_API: 'local' },
      ...{ AWS_ENDPOINT_URL_ACM: aws.url, AWS_ENDPOINT_URL_APIGATEWAYV2: aws.url },
    },
    isServed: (name) => aws.domains.has(name),
    async close() {
      await Promise.all([names.close(), aws.close()])
    },
  }
}
