import type { DnsRecord, SeenRecord } from '../../courier/domains/domain-request.ts'

/** A record that is wanted, and what is there instead. */
export function missing({ type, name, value }: DnsRecord, seen: SeenRecord | undefined): string {
  const wanted = `Wanted: ${name} ${type} ${value}`
  if (seen?.problem !== undefined) return `${wanted}; ${seen.problem}.`
  const there = seen?.seen ?? []
  return there.length === 0 ? `${wanted}; there is nothing yet.` : `${wanted}; there is: ${there.join(', ')}.`
}

const advice: Readonly<Record<string, string>> = {
  VALIDATION_TIMED_OUT: 'the record was not there for 72 hours: set it, then verify again',
  'validation-timed-out': 'the name did not lead here in time: set its record, then verify again',
  CAA_ERROR: 'the zone has a CAA record that keeps Amazon from issuing: add `0 issue "amazon.com"`, then verify again',
  DOMAIN_NOT_ALLOWED: 'ACM issues none for this name: claim another',
  ADDITIONAL_VERIFICATION_REQUIRED: 'AWS wants to know more of the account: open a case with its support',
}

/** Why no certificate was issued, by the reason that ACM or CloudFront gives, and what to do. */
export function whyFailed(reason = 'no reason given'): string {
  return `The certificate was not issued: ${advice[reason] ?? reason}.`
}
