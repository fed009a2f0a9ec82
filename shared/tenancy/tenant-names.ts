import { AppError } from '../errors.ts'
import { canonicalHost } from './host-name.ts'
import { looksLikeSlug } from './slug.ts'
import type { TenantName } from './tenant.ts'

/** The headers that may name a tenant on a shared domain; `domain` is the one the original guide used. */
export const tenantHeaders = ['x-tenant', 'domain'] as const

/** What a request says of its tenant, before the catalog is asked. */
export interface NamedTenants {
  /** The host, or the slug in it under our own domain, unless it is one of the shared domains. */
  readonly byHost: TenantName | undefined
  readonly byHeader: readonly TenantName[]
}

/** The domains that are the deployment's own. */
export interface OurDomains {
  /** Those that belong to no tenant. */
  readonly shared: readonly string[]
  /** The one whose every name `<slug>.` before it is a tenant's. */
  readonly base: string | undefined
}

/** API Gateway's own endpoint of an HTTP API: `<api id>.execute-api.<region>.amazonaws.com`. */
const executeApi = /^[a-z0-9]+\.execute-api\.[a-z0-9-]+\.amazonaws\.com(\.cn)?$/

/**
 * Collects every name that a request gives its tenant: the host that API Gateway was called by and the tenant headers,
 * nothing else (`X-Forwarded-Host` and `Forwarded` are anybody's to set). Throws `tenant_name_malformed` for a host or
 * header that cannot be a name, or that came twice, and `tenant_not_named` when there is none.
 */
export function readTenantNames(
  request: { readonly host: string | undefined; readonly headers: Readonly<Record<string, string | undefined>> },
  domains: OurDomains,
): NamedTenants {
  const byHost = readHostTenant(request.host, domains)

  const byHeader = tenantHeaders.flatMap((header) => {
    const value = request.headers[header]
    return value === undefined ? [] : [readHeader(header, value)]
  })
  if (byHost === undefined && byHeader.length === 0) {
    throw new AppError(
      'tenant_not_named',
      `Call the API on the tenant's own domain, or name the tenant in the header "${tenantHeaders[0]}".`,
    )
  }
  return { byHost, byHeader }
}

/** The tenant that a host names; undefined for a shared domain. Throws `tenant_name_malformed` for what is no host. */
export function readHostTenant(sent: string | undefined, { shared, base }: OurDomains): TenantName | undefined {
  const host = sent === undefined ? undefined : canonicalHost(sent)
  if (host === undefined) throw new AppError('tenant_name_malformed', 'The host is not a valid host name.')
  if (shared.includes(host) || executeApi.test(host)) return undefined
  if (base !== undefined && host.endsWith(`.${base}`)) {
    const slug = host.slice(0, -base.length - 1)
    if (looksLikeSlug(slug)) return { kind: 'slug', slug }
  }
  return { kind: 'domain', domain: host }
}

function readHeader(header: string, value: string): TenantName {
  // A header sent twice arrives joined by a comma, which is in no slug and no host.
  if (value.includes(',')) {
    throw new AppError('tenant_name_malformed', `The header "${header}" must be sent once, with one tenant.`)
  }
  const text = value.trim()
  const slug = text.toLowerCase()
  if (looksLikeSlug(slug)) return { kind: 'slug', slug }
  const domain = canonicalHost(text)
  if (domain?.includes('.')) return { kind: 'domain', domain }
  throw new AppError('tenant_name_malformed', `The header "${header}" must hold a tenant's slug or domain.`)
}
