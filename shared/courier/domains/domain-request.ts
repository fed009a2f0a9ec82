import * as z from 'zod'

/** A record of a DNS zone. */
export const dnsRecord = z.strictObject({ type: z.enum(['TXT', 'CNAME']), name: z.string(), value: z.string() })
export type DnsRecord = z.output<typeof dnsRecord>

const domain = z.string()
const certificate = z.string()
const id = z.string()

/** What the courier can be asked to do for a domain. Done again, each changes nothing more. */
export const domainRequest = z.discriminatedUnion('kind', [
  /** Looks which of these records there are. */
  z.strictObject({ kind: z.literal('records'), records: z.array(dnsRecord).max(20) }),
  /** Requests a certificate; `token` stays the same for as long as the same one is meant. */
  z.strictObject({ kind: z.literal('request-certificate'), domain, token: z.string() }),
  z.strictObject({ kind: z.literal('describe-certificate'), certificate }),
  z.strictObject({ kind: z.literal('delete-certificate'), certificate }),
  /** Serves a domain by API Gateway. */
  z.strictObject({ kind: z.literal('serve-domain'), domain, certificate }),
  z.strictObject({ kind: z.literal('stop-serving-domain'), domain, certificate }),
  /** The host that names of the CloudFront distribution lead to. */
  z.strictObject({ kind: z.literal('distribution-target') }),
  /** Serves a domain by the distribution, which requests its certificate. */
  z.strictObject({ kind: z.literal('add-distribution-tenant'), domain }),
  z.strictObject({ kind: z.literal('describe-distribution-tenant'), id }),
  z.strictObject({ kind: z.literal('attach-certificate'), id, certificate }),
  z.strictObject({ kind: z.literal('remove-distribution-tenant'), domain }),
])

export type DomainRequest = z.output<typeof domainRequest>

/** Whether a record is there, and what is there instead, as several resolvers agree. */
export const seenRecord = z.object({ found: z.boolean(), seen: z.array(z.string()), problem: z.string().optional() })
export type SeenRecord = z.output<typeof seenRecord>

const issuance = z.object({
  status: z.enum(['pending', 'issued', 'failed']),
  /** Why it failed, in AWS's words. */
  reason: z.string().optional(),
})

/** What it answers to each. */
export const domainResults = {
  records: z.object({ records: z.array(seenRecord) }),
  'request-certificate': z.object({ certificate: z.string() }),
  'describe-certificate': issuance.extend({ validation: z.array(dnsRecord) }),
  'delete-certificate': z.object({ gone: z.boolean() }),
  'serve-domain': z.object({ target: z.string(), ready: z.boolean() }),
  'stop-serving-domain': z.object({ gone: z.boolean() }),
  'distribution-target': z.object({ target: z.string() }),
  'add-distribution-tenant': z.object({ id: z.string() }),
  'describe-distribution-tenant': issuance.extend({
    certificate: z.string().optional(),
    attached: z.boolean(),
    /** Whether every edge knows of it, and takes the name. */
    deployed: z.boolean(),
  }),
  'attach-certificate': z.object({}),
  'remove-distribution-tenant': z.object({
    gone: z.boolean(),
    /** The certificate that CloudFront requested for it, which stays behind. */
    certificate: z.string().optional(),
  }),
} as const satisfies Record<DomainRequest['kind'], z.ZodType>

export type DomainResult<Kind extends DomainRequest['kind']> = z.output<(typeof domainResults)[Kind]>

/** Or why it could not; `final` when asking again would not help. */
export const refusal = z.object({ refused: z.string(), final: z.boolean() })
export type Refusal = z.output<typeof refusal>

/** Whether that is the answer. */
export function isRefusal(answer: object): answer is Refusal {
  return 'refused' in answer
}
