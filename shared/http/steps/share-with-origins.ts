import { readEnvironment } from '../../environment.ts'
import { readHostTenant } from '../../tenancy/tenant-names.ts'
import { applicationDirectory } from '../application-catalog.ts'
import type { Step } from '../request-state.ts'

type Request = Parameters<NonNullable<Step['after']>>[0]

/** What a page may read of an answer beside what browsers always let it (Fetch standard, 3.3.3). */
const exposed = 'etag, idempotency-replayed, location, ratelimit, ratelimit-policy, retry-after, x-request-id'

/**
 * Lets a page of an allowed origin read the answer, an error as well: on a tenant's own domain those of the tenant, on the
 * shared domain those of the stage. Cookies are never asked for, since credentials come in a header.
 */
export function shareWithOrigins(): Step {
  const share = async ({ event, context, response }: Request): Promise<void> => {
    const { origin } = event.headers
    const allowed = await context.state.allowedOrigins
    if (!response || origin === undefined || !allowed?.includes(origin)) return
    response.headers = {
      ...response.headers,
      'access-control-allow-origin': origin,
      'access-control-expose-headers': exposed,
    }
  }
  return {
    before({ event, context: { state } }) {
      if (event.headers.origin === undefined) return
      // Not awaited here: a tenant is asked for once, together with the credential.
      state.allowedOrigins = findOrigins(state.host).catch(() => [])
    },
    after: share,
    onError: share,
  }
}

async function findOrigins(host: string | undefined): Promise<readonly string[]> {
  const { SHARED_DOMAINS, BASE_DOMAIN, CORS_ORIGINS } = readEnvironment()
  const name = readHostTenant(host, { shared: SHARED_DOMAINS, base: BASE_DOMAIN })
  if (name === undefined) return CORS_ORIGINS
  return (await applicationDirectory().find(name))?.corsOrigins ?? []
}
