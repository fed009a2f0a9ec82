import { randomBytes } from 'node:crypto'
import {
  type DnsRecord,
  type DomainRequest,
  type DomainResult,
  isRefusal,
  type SeenRecord,
} from '../../courier/domains/domain-request.ts'
import { describeError, log } from '../../logger.ts'
import type { AskForDomain } from '../invoke-function.ts'
import { type Claim, isEmpty, proofRecord } from './claim.ts'
import { missing, whyFailed } from './claim-problems.ts'
import type { ClaimStep } from './claim-steps.ts'

export interface AdvanceOptions {
  readonly ask: AskForDomain
  /** Days that a live name may lead elsewhere. */
  readonly strayDays: number
  readonly now?: () => number
}

const minute = 60
const hour = 60 * minute
const day = 24 * hour

/** The waits of a claim that gets no further grow from 2 s to an hour: a zone is changed in minutes, or not today. */
const firstWait = 2
const longestWait = hour
/** Days that a name has to become live; then it is given up, and free for others. */
const patience = 30

/** Seconds until a claim that got no further is looked at again. */
function waitOf({ attempts }: Pick<Claim, 'attempts'>): number {
  return Math.min(firstWait * 2 ** Math.min(attempts, 20), longestWait)
}

/**
 * Takes a claim one step further, or says why it stays where it is. Each step may be done again: what it makes is found, not
 * made twice. A name that does not come to live within 30 days is given up.
 */
export async function advanceClaim(claim: Claim, options: AdvanceOptions): Promise<ClaimStep> {
  const step = await Promise.resolve(createSteps(claim, options)[claim.state]()).catch((error): ClaimStep => {
    log.warn('a domain was not looked at', { tenant: claim.tenant, domain: claim.domain, error: describeError(error) })
    const problem = 'It could not be looked at; the log has the cause. It is tried again by itself.'
    return { state: claim.state, problem, wait: waitOf(claim), moved: false, strayed: claim.strayed_at !== null }
  })
  const age = (options.now ?? (() => Date.now()))() - Date.parse(claim.created_at)
  const isOnItsWay = !['live', 'failed', 'removing', 'removed'].includes(step.state)
  if (!isOnItsWay || age < patience * day * 1_000) return step
  const problem = `It did not come to live within ${patience} days (${step.problem ?? step.state}). Verify it to begin anew.`
  // Before it is proven nothing is made, and nothing to be freed.
  const details = claim.state === 'proof wanted' ? { details: {} } : {}
  return { ...step, ...details, state: 'failed', problem, wait: 0, moved: true }
}

function createSteps(claim: Claim, { ask, strayDays, now = () => Date.now() }: AdvanceOptions) {
  const { domain, way, details, state } = claim
  const { certificate = '', token = '', target, distributionTenant = '' } = details
  const stay = (problem: string | null, learnt: Claim['details'] = {}): ClaimStep => ({
    ...{ state, problem, wait: waitOf(claim), moved: false, details: { ...details, ...learnt } },
  })
  const move = (to: ClaimStep['state'], learnt: Claim['details'] = {}): ClaimStep => ({
    ...{ state: to, details: { ...details, ...learnt }, problem: null, wait: 0, moved: true },
  })
  const fail = (problem: string): ClaimStep => ({ state: 'failed', problem, wait: 0, moved: true })
  const toTarget = (): DnsRecord => ({ type: 'CNAME', name: domain, value: target ?? '' })

  /** Asks the courier, and goes on with its answer unless it is a refusal. */
  const having = async <Request extends DomainRequest>(
    request: Request,
    goOn: (result: DomainResult<Request['kind']>) => ClaimStep | Promise<ClaimStep>,
  ): Promise<ClaimStep> => {
    const answer = await ask(request)
    if (!isRefusal(answer)) return goOn(answer)
    return answer.final ? fail(answer.refused) : stay(answer.refused)
  }

  /** Goes on when all of these records are there; else says which is not. */
  const seeing = (
    records: readonly DnsRecord[],
    goOn: () => ClaimStep | Promise<ClaimStep>,
    learnt: Claim['details'] = {},
  ) =>
    having({ kind: 'records', records: [...records] }, ({ records: seen }) => {
      const at = seen.findIndex(({ found }) => !found)
      return at === -1 ? goOn() : stay(missing(records[at] as DnsRecord, seen[at]), learnt)
    })

  const prove = () =>
    // Drawn once: the same certificate however often it is asked for, another when the name begins anew.
    seeing([proofRecord(claim)], () => move('proven', { token: randomBytes(12).toString('hex') }))

  const order = () =>
    way === 'gateway'
      ? having({ kind: 'request-certificate', domain, token }, (made) => move('certificate wanted', made))
      : // CloudFront takes a name that leads to it already, and no other.
        having({ kind: 'distribution-target' }, (where) => move('certificate wanted', where))

  /** Waits until the tenant has set what its certificate is proven by. The proof must be there still. */
  const awaitRecords = () =>
    way === 'gateway'
      ? having({ kind: 'describe-certificate', certificate }, ({ status, reason, validation }) => {
          if (status === 'failed') return fail(whyFailed(reason))
          if (validation.length === 0) return stay('ACM has not said yet which record it wants.')
          const learnt = { validation }
          // Known now and shown; looked for the next time.
          if (details.validation === undefined)
            return { ...stay('ACM wants its record.', learnt), wait: 1, moved: true }
          return seeing([proofRecord(claim), ...validation], () => move('issuing', learnt), learnt)
        })
      : seeing([proofRecord(claim), toTarget()], () =>
          having({ kind: 'add-distribution-tenant', domain }, ({ id }) => move('issuing', { distributionTenant: id })),
        )

  const awaitCertificate = () =>
    seeing([proofRecord(claim)], () => (way === 'gateway' ? awaitGateway() : awaitDistribution()))

  const awaitGateway = () =>
    having({ kind: 'describe-certificate', certificate }, ({ status, reason }) => {
      if (status === 'failed') return fail(whyFailed(reason))
      return status === 'pending' ? stay('ACM is at it: minutes as a rule.') : serve((served) => move('live', served))
    })

  const serve = (goOn: (served: Claim['details']) => ClaimStep) =>
    having({ kind: 'serve-domain', domain, certificate }, ({ target: host, ready }) =>
      ready ? goOn({ target: host }) : stay('API Gateway is setting the domain up.', { target: host }),
    )

  const awaitDistribution = () =>
    having({ kind: 'describe-distribution-tenant', id: distributionTenant }, (described) => {
      if (described.status === 'failed') return fail(whyFailed(described.reason))
      const learnt = described.certificate === undefined ? {} : { certificate: described.certificate }
      if (described.status === 'pending') return stay('CloudFront is at it: minutes as a rule.', learnt)
      if (described.attached && described.deployed) return move('live', { ...learnt, led: true })
      if (described.attached) return stay('The certificate is on its way to every edge.', learnt)
      const attach = { id: distributionTenant, certificate: described.certificate ?? '' }
      return having({ kind: 'attach-certificate', ...attach }, () => ({
        ...{ ...stay('The certificate is on its way to every edge.', learnt), moved: true },
      }))
    })

  /** A live name is looked at once a day: proof and address must stay, and what serves it must be there. */
  const watch = (): ClaimStep | Promise<ClaimStep> => {
    // One of before there were claims: nothing was made for it, and nothing is known of where it should lead.
    if (target === undefined) return { state, problem: null, wait: day, moved: true }
    const proof = proofRecord(claim)
    return having({ kind: 'records', records: [proof, toTarget(), ...(details.validation ?? [])] }, ({ records }) => {
      const [proven, led, ...others] = records as [SeenRecord, SeenRecord, ...SeenRecord[]]
      // Nobody answered: that says nothing of the name.
      const silent = [proven, led].find(({ problem }) => problem !== undefined)
      if (silent !== undefined) return { ...stay(silent.problem ?? null), strayed: claim.strayed_at !== null }
      if (!proven.found) return stray(missing(proof, proven))
      const isNew = now() - Date.parse(claim.created_at) < patience * day * 1_000
      // Served and routed before its address is changed, so that nobody is without an answer meanwhile.
      if (!led.found) {
        return details.led !== true && isNew ? stay(missing(toTarget(), led)) : stray(missing(toTarget(), led))
      }
      const at = others.findIndex(({ found }) => !found)
      const renewal =
        at === -1
          ? null
          : `The certificate cannot be renewed. ${missing(details.validation?.[at] as DnsRecord, others[at])}`
      return checkServed(renewal)
    })
  }

  /** What serves a live name is asked for as well: somebody may have taken it down. */
  const checkServed = (problem: string | null): ClaimStep | Promise<ClaimStep> => {
    const fine = (learnt: Claim['details'] = {}): ClaimStep => ({
      ...{ ...move('live', { ...learnt, led: true }), problem, wait: day, strayed: false },
    })
    const told = (step: ClaimStep): ClaimStep =>
      step.state === 'failed' ? { ...stay(step.problem), strayed: false } : step
    const checked =
      way === 'gateway'
        ? serve(fine)
        : having({ kind: 'describe-distribution-tenant', id: distributionTenant }, ({ status, attached }) =>
            status === 'issued' && attached
              ? fine()
              : stay('CloudFront does not serve it with its certificate any more.'),
          )
    return checked.then(told)
  }

  const stray = (why: string): ClaimStep => {
    const since = claim.strayed_at === null ? now() : Date.parse(claim.strayed_at)
    const until = since + strayDays * day * 1_000
    if (now() > until) return { ...move('removing'), problem: 'It led elsewhere for too long.' }
    const problem = `${why} It is routed until ${new Date(until).toISOString().slice(0, 10)}.`
    return { state, problem, wait: day, moved: false, strayed: true }
  }

  /** Takes down what serves it, the certificate last: it cannot go while it is in use. */
  const takeDown = async (done: () => ClaimStep): Promise<ClaimStep> => {
    const asking = async <Request extends DomainRequest>(
      request: Request,
      goOn: (result: DomainResult<Request['kind']>) => ClaimStep | Promise<ClaimStep>,
    ): Promise<ClaimStep> => {
      const answer = await ask(request)
      return isRefusal(answer) ? stay(answer.refused) : goOn(answer)
    }
    // Nothing is served by it any more: one that cannot be deleted is no reason to keep the name.
    const deleteCertificate = async (arn: string): Promise<ClaimStep> => {
      const answer = await ask({ kind: 'delete-certificate', certificate: arn })
      return isRefusal(answer) && !answer.final ? stay(answer.refused) : done()
    }

    if (way === 'distribution') {
      // Found by the name: whoever added it may not have come to write down what it is called.
      return asking({ kind: 'remove-distribution-tenant', domain }, ({ gone, certificate: issued }) => {
        if (!gone) return stay('CloudFront is taking it down.', issued === undefined ? {} : { certificate: issued })
        const left = issued ?? certificate
        return left === '' ? done() : deleteCertificate(left)
      })
    }
    if (token === '' && certificate === '') return done()
    // Requested again it is the same one, if there is one at all: it may not have been written down.
    const arn = certificate === '' ? await ask({ kind: 'request-certificate', domain, token }) : { certificate }
    if (isRefusal(arn)) return arn.final ? done() : stay(arn.refused)
    return asking({ kind: 'stop-serving-domain', domain, certificate: arn.certificate }, () =>
      deleteCertificate(arn.certificate),
    )
  }

  /** What was made for a name that came to nothing is freed; the name stays failed until somebody has it verified again. */
  const free = (): ClaimStep | Promise<ClaimStep> => {
    const ended: ClaimStep =
      details.restart === true
        ? { state: 'proof wanted', details: {}, problem: null, wait: 0, moved: true }
        : { state: 'failed', details: {}, problem: claim.problem, wait: day, moved: true }
    if (isEmpty(details)) return { ...ended, moved: details.restart === true }
    return takeDown(() => ended).then((step) =>
      step === ended ? step : { ...step, problem: claim.problem ?? step.problem },
    )
  }

  return {
    'proof wanted': prove,
    proven: order,
    'certificate wanted': awaitRecords,
    issuing: awaitCertificate,
    live: watch,
    failed: free,
    removing: () => takeDown(() => move('removed')),
  } satisfies Record<Claim['state'], () => ClaimStep | Promise<ClaimStep>>
}
