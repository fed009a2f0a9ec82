import { randomBytes } from 'node:crypto'
import type {
  DnsRecord,
  DomainRequest,
  DomainResult,
  Refusal,
  SeenRecord,
} from '../../courier/domains/domain-request.ts'
import type { AskForDomain } from '../invoke-function.ts'
import { type Claim, proofRecord, wantedRecords } from './claim.ts'
import type { ClaimStep } from './claims.ts'

export interface AdvanceOptions {
  readonly ask: AskForDomain
  /** Days that a live name may lead elsewhere. */
  readonly strayDays: number
  readonly now?: () => number
}

const minute = 60
const hour = 60 * minute
const day = 24 * hour

/** The waits of a claim that gets no further grow from 5 s to an hour: a zone is changed in minutes, or not today. */
const firstWait = 5
const longestWait = hour

/**
 * Takes a claim one step further, or says why it stays where it is. Each step may be done again: what it makes is found, not
 * made twice. A name that is neither proven nor failed within 30 days is given up.
 */
export async function advanceClaim(claim: Claim, options: AdvanceOptions): Promise<ClaimStep> {
  const steps = createSteps(claim, options)
  const step = await steps[claim.state]()
  const age = (options.now ?? Date.now)() - Date.parse(claim.created_at)
  if (step.state === 'proof wanted' && age > 30 * day * 1_000) {
    return {
      ...step,
      state: 'failed',
      problem: 'Nobody proved this name for 30 days. Set the TXT record, then verify again.',
    }
  }
  return step
}

function createSteps(claim: Claim, { ask, strayDays, now = Date.now }: AdvanceOptions) {
  const { domain, way, details, state } = claim
  const wait = Math.min(firstWait * 2 ** Math.min(claim.attempts, 20), longestWait)
  const stay = (problem: string | null): ClaimStep => ({ state, problem, wait, moved: false })
  const move = (to: ClaimStep['state'], added: Claim['details'] = {}): ClaimStep => ({
    ...{ state: to, details: { ...details, ...added }, problem: null, wait: 0, moved: true },
  })
  const fail = (problem: string): ClaimStep => ({ state: 'failed', problem, wait: day, moved: true })
  const refused = ({ refused: why, final }: Refusal): ClaimStep => (final ? fail(why) : stay(why))

  /** Asks the courier, and goes on with its answer unless it is a refusal. */
  const having = async <Request extends DomainRequest>(
    request: Request,
    goOn: (result: DomainResult<Request['kind']>) => ClaimStep | Promise<ClaimStep>,
  ): Promise<ClaimStep> => {
    const answer = await ask(request)
    return isRefusal(answer) ? refused(answer) : goOn(answer)
  }

  const prove = () =>
    having({ kind: 'records', records: [proofRecord(claim)] }, ({ records: [proof] }) =>
      proof?.found
        ? // Drawn once: the same certificate however often it is asked for, another when the name begins anew.
          move('proven', { token: randomBytes(12).toString('hex') })
        : stay(missing(proofRecord(claim), proof)),
    )

  const orderCertificate = () =>
    way === 'gateway'
      ? having({ kind: 'request-certificate', domain, token: details.token ?? '' }, ({ certificate }) =>
          move('certificate wanted', { certificate }),
        )
      : having({ kind: 'add-distribution-tenant', domain }, ({ id, target }) =>
          move('certificate wanted', { distributionTenant: id, target }),
        )

  /** Waits until the tenant has set what its certificate is proven by. */
  const awaitRecords = () =>
    way === 'gateway'
      ? having({ kind: 'describe-certificate', certificate: details.certificate ?? '' }, async (described) => {
          const { validation } = described
          if (described.status === 'failed') return fail(whyFailed(described.reason))
          if (validation.length === 0) return stay('ACM has not said yet which record it wants.')
          if (described.status === 'issued') return move('issuing', { validation })
          return having({ kind: 'records', records: validation }, ({ records }) => {
            const at = records.findIndex(({ found }) => !found)
            if (at === -1) return move('issuing', { validation })
            const [wanted, seen] = [validation[at] as DnsRecord, records[at]]
            return { ...stay(missing(wanted, seen)), details: { ...details, validation } }
          })
        })
      : having({ kind: 'records', records: [toTarget()] }, ({ records: [seen] }) =>
          seen?.found ? move('issuing') : stay(missing(toTarget(), seen)),
        )

  const awaitCertificate = () =>
    way === 'gateway'
      ? having({ kind: 'describe-certificate', certificate: details.certificate ?? '' }, (described) => {
          if (described.status === 'failed') return fail(whyFailed(described.reason))
          if (described.status === 'pending') return stay('ACM is at it: minutes as a rule.')
          return serve()
        })
      : having({ kind: 'describe-distribution-tenant', id: details.distributionTenant ?? '' }, (described) => {
          if (described.status === 'failed') return fail(whyFailed(described.reason))
          if (described.status === 'pending') return stay('CloudFront is at it: minutes as a rule.')
          if (described.attached) return move('live')
          const { certificate = '' } = described
          return having({ kind: 'attach-certificate', id: details.distributionTenant ?? '', certificate }, () => ({
            ...stay('The certificate is on its way to every edge.'),
            ...{ details: { ...details, certificate }, wait: firstWait, moved: true },
          }))
        })

  const serve = () =>
    having({ kind: 'serve-domain', domain, certificate: details.certificate ?? '' }, ({ target, ready }) => {
      if (!ready) return { ...stay('API Gateway is setting the domain up.'), details: { ...details, target } }
      return move('live', { target })
    })

  const toTarget = (): DnsRecord => ({ type: 'CNAME', name: domain, value: details.target ?? '' })

  /** A live name is looked at once a day: proof and address must stay. */
  const watch = (): ClaimStep | Promise<ClaimStep> => {
    // One of before there were claims: nothing was made for it, and nothing is known of where it should lead.
    if (details.target === undefined) return { state, problem: null, wait: day, moved: true }
    const wanted = [proofRecord(claim), toTarget()]
    return having({ kind: 'records', records: wanted }, ({ records }) => {
      const at = records.findIndex(({ found }) => !found)
      if (at === -1) return { ...move('live', { led: true }), wait: day, strayed: false }
      const seen = records[at] as SeenRecord
      // Nobody answered: that says nothing of the name.
      if (seen.problem !== undefined) return { ...stay(seen.problem), strayed: claim.strayed_at !== null }
      // Served and routed before its address is changed, so that nobody is without an answer meanwhile.
      if (details.led !== true) return stay(missing(wanted[at] as DnsRecord, seen))
      const since = claim.strayed_at === null ? now() : Date.parse(claim.strayed_at)
      if (now() - since > strayDays * day * 1_000)
        return { ...move('removing'), problem: 'It led elsewhere for too long.' }
      const problem = `${missing(wanted[at] as DnsRecord, seen)} It is routed until ${new Date(since + strayDays * day * 1_000).toISOString().slice(0, 10)}.`
      return { state, problem, wait: day, moved: false, strayed: true }
    })
  }

  /** Takes down what serves it, the certificate last: it cannot go while it is in use. */
  const takeDown = async (to: ClaimStep['state']): Promise<ClaimStep> => {
    const { distributionTenant, certificate, target } = details
    if (distributionTenant !== undefined) {
      return having({ kind: 'remove-distribution-tenant', id: distributionTenant }, ({ gone }) =>
        gone ? { ...move(to), details: {} } : stay('CloudFront is taking it down.'),
      )
    }
    const stopped = target === undefined ? undefined : await ask({ kind: 'stop-serving-domain', domain })
    if (stopped !== undefined && isRefusal(stopped)) return stay(stopped.refused)
    if (certificate === undefined) return { ...move(to), details: {} }
    const deleted = await ask({ kind: 'delete-certificate', certificate })
    return isRefusal(deleted) ? stay(deleted.refused) : { ...move(to), details: {} }
  }

  /** What was made for a name that came to nothing is freed; the name stays failed until somebody has it verified again. */
  const free = async (): Promise<ClaimStep> => {
    if (Object.keys(details).length === 0) return { state, problem: claim.problem, wait: day, moved: false }
    const step = await takeDown('failed')
    return { ...step, state: 'failed', problem: claim.problem, wait: step.moved ? day : step.wait }
  }

  return {
    'proof wanted': prove,
    proven: orderCertificate,
    'certificate wanted': awaitRecords,
    issuing: awaitCertificate,
    live: watch,
    failed: free,
    removing: () => takeDown('removed'),
  } satisfies Record<Claim['state'], () => ClaimStep | Promise<ClaimStep>>
}

function isRefusal(answer: object): answer is Refusal {
  return 'refused' in answer
}

function missing({ type, name, value }: DnsRecord, seen: SeenRecord | undefined): string {
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

function whyFailed(reason = 'no reason given'): string {
  return `The certificate was not issued: ${advice[reason] ?? reason}.`
}

/** For `show`: the records that are wanted, and whether they are there. */
export async function lookUpWanted(claim: Claim, ask: AskForDomain): Promise<(DnsRecord & Partial<SeenRecord>)[]> {
  const wanted = wantedRecords(claim)
  const answer = await ask({ kind: 'records', records: wanted })
  if (isRefusal(answer)) return wanted.map((record) => ({ ...record, problem: answer.refused }))
  return wanted.map((record, at) => ({ ...record, ...answer.records[at] }))
}
