import * as z from 'zod'
import { unicodeOf } from '../../tenancy/domain-name.ts'

export const claimStates = [
  ...(['proof wanted', 'proven', 'certificate wanted', 'issuing', 'live', 'failed', 'removing'] as const),
]
export type ClaimState = (typeof claimStates)[number]

/** A record of the tenant's own DNS zone. */
export const dnsRecord = z.object({ type: z.enum(['TXT', 'CNAME']), name: z.string(), value: z.string() })
export type DnsRecord = z.output<typeof dnsRecord>

/** What was made for a name, as AWS calls it. */
export const claimDetails = z.object({
  /** What a request for its certificate is told from others by. */
  token: z.string().optional(),
  certificate: z.string().optional(),
  /** The records that ACM proves the name by. */
  validation: z.array(dnsRecord).optional(),
  /** The host that the name must lead to. */
  target: z.string().optional(),
  /** Whether the name has led there, so that it can be missed. */
  led: z.boolean().optional(),
  /** Of one that failed: somebody has it verified again, when what it has left is freed. */
  restart: z.boolean().optional(),
  /** The distribution tenant. */
  distributionTenant: z.string().optional(),
})
export type ClaimDetails = z.output<typeof claimDetails>

export interface Claim {
  readonly id: string
  readonly domain: string
  readonly tenant: string
  readonly tenant_id: string
  readonly way: 'gateway' | 'distribution'
  readonly state: ClaimState
  readonly proof: string
  readonly details: ClaimDetails
  readonly problem: string | null
  readonly attempts: number
  readonly strayed_at: string | null
  readonly checked_at: string | null
  readonly created_at: string
}

export const claimColumns = `c.id, c.domain, t.slug AS tenant, c.tenant_id, c.way, c.state, c.proof, c.details, c.problem,
  c.attempts, c.strayed_at, c.checked_at, c.created_at`

/** Whether nothing has been made for a claim that is to be taken down. */
export function isEmpty({ restart: _, ...made }: ClaimDetails): boolean {
  return Object.keys(made).length === 0
}

/** The record that proves a name: beside it, so that nobody's address need change for it. */
export function proofRecord({ domain, proof }: Pick<Claim, 'domain' | 'proof'>): DnsRecord {
  return { type: 'TXT', name: `_atrium.${domain}`, value: proof }
}

/** The records that the tenant is to have in its zone, for as long as the name is to be live. */
export function wantedRecords(claim: Pick<Claim, 'domain' | 'proof' | 'details'>): DnsRecord[] {
  const { validation = [], target } = claim.details
  return [
    // Names that were entered before proof was asked for have none.
    ...(claim.proof === '' ? [] : [proofRecord(claim)]),
    ...validation,
    ...(target === undefined ? [] : [{ type: 'CNAME' as const, name: claim.domain, value: target }]),
  ]
}

/** A claim as the control plane's API shows it. */
export function toClaimAnswer({ tenant_id: _, proof, details, ...claim }: Claim) {
  const { domain } = claim
  return {
    ...claim,
    ...(unicodeOf(domain) === undefined ? {} : { unicode: unicodeOf(domain) }),
    records: wantedRecords({ domain, proof, details }),
  }
}
