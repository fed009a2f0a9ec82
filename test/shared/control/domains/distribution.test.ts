import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { handler as courier } from '../../../../functions/courier/handler.ts'
import { type DomainsEndpoint, startDomainsEndpoint } from '../../../../local/domains/domains-endpoint.ts'
import type { InvokeEndpoint } from '../../../../local/invoke-endpoint.ts'
import { advanceDueClaims } from '../../../../shared/control/domains/advance-claims.ts'
import { invokeCourierForDomain } from '../../../../shared/control/invoke-function.ts'
import { operate } from '../../../support/call.ts'
import {
  type CloudFrontEndpoint,
  type DistributionTenant,
  startCloudFrontEndpoint,
} from '../../../support/cloudfront-endpoint.ts'
import { startFunctions } from '../../../support/functions.ts'
import { type NameServer, startNameServer } from '../../../support/name-server.ts'
import { expectProblem } from '../../../support/problem.ts'
import { createTestStage, type TestStage } from '../../../support/stage.ts'

let stage: TestStage
let names: NameServer
let cloudfront: CloudFrontEndpoint
let lambda: InvokeEndpoint
let aws: DomainsEndpoint
const endpoint = 'd111.cloudfront.test'
/** The names whose DNS leads to CloudFront, as it sees it. */
const pointed = new Set<string>()
const asked: string[] = []

beforeAll(async () => {
  names = await startNameServer()
  cloudfront = await startCloudFrontEndpoint((name) => pointed.has(name))
  aws = await startDomainsEndpoint({
    target: '',
    isThere: async () => false,
    fail: (operation) => void asked.push(operation),
  })
  Object.assign(process.env, {
    ...{ COURIER_FUNCTION: 'courier', DNS_RESOLVERS: names.address, DOMAINS_WAY: 'distribution' },
    ...{ DISTRIBUTION: 'EDIST', CONNECTION_GROUP: 'cg_1', ROUTING_ENDPOINT: endpoint },
    ...{ AWS_ENDPOINT_URL_CLOUDFRONT: cloudfront.url, AWS_ENDPOINT_URL_ACM: aws.url, AWS_MAX_ATTEMPTS: '1' },
  })
  stage = await createTestStage('control')
  await stage.createTenant({ slug: 'acme', domains: [] })
  lambda = await startFunctions(stage, { courier })
})
afterAll(async () => {
  await lambda.close()
  await cloudfront.close()
  await aws.close()
  await names.close()
  await stage.end()
})
afterEach(() => {
  cloudfront.fail = undefined
})

let count = 0
let domain: string
beforeEach(() => {
  count += 1
  domain = `shop${count}.acme.com`
})

const show = async () => (await operate('GET', `/tenants/acme/domains/${domain}`)).body
const tenantOf = (): DistributionTenant | undefined =>
  [...cloudfront.tenants.values()].find((each) => each.domain === domain)

async function work(): Promise<void> {
  for (let turn = 0; turn < 8; turn += 1) {
    await stage.asOwner((client) =>
      client.query('UPDATE catalog.domain_claims SET next_at = now() WHERE domain = $1', [domain]),
    )
    await advanceDueClaims(stage.control, { ask: invokeCourierForDomain, strayDays: 7 })
  }
}

async function prove(): Promise<void> {
  const { body } = await operate('POST', '/tenants/acme/domains', { domain })
  names.set('TXT', body.records[0].name, body.records[0].value)
  await work()
}

/** Has the name lead to CloudFront. */
function lead(): void {
  names.set('CNAME', domain, endpoint)
  pointed.add(domain)
}

async function bringLive(): Promise<DistributionTenant> {
  await prove()
  lead()
  await work()
  const tenant = tenantOf()
  if (tenant === undefined) throw new Error('no distribution tenant was added')
  Object.assign(tenant, { issuance: 'issued' })
  await work()
  // Attached, and on its way to every edge.
  expect(await show()).toMatchObject({ state: 'issuing', problem: expect.stringContaining('every edge') })
  tenant.status = 'Deployed'
  await work()
  expect(await show()).toMatchObject({ state: 'live', problem: null })
  return tenant
}

describe('a name served by the distribution', () => {
  it('is added once it is proven, leads there, and is live with the certificate that was issued for it', async () => {
    await prove()
    expect(await show()).toMatchObject({ way: 'distribution', state: 'certificate wanted' })
    expect((await show()).records[1]).toMatchObject({ type: 'CNAME', name: domain, value: endpoint, found: false })
    // CloudFront takes no name that does not lead to it yet.
    expect(tenantOf()).toBeUndefined()

    names.set('CNAME', domain, endpoint)
    await work()
    expect(await show()).toMatchObject({
      ...{ state: 'certificate wanted', problem: expect.stringContaining('ownership.). It is tried again by itself') },
    })
    pointed.add(domain)
    await work()
    expect(tenantOf()).toMatchObject({ distribution: 'EDIST', enabled: true, certificate: undefined })
    expect(await show()).toMatchObject({ state: 'issuing', problem: expect.stringContaining('minutes') })
    Object.assign(tenantOf() ?? {}, { issuance: 'issued' })
    await work()
    Object.assign(tenantOf() ?? {}, { status: 'Deployed' })
    await work()
    expect(await show()).toMatchObject({ state: 'live', problem: null })
    expect(tenantOf()?.certificate).toBe(tenantOf()?.issued)
  })

  it('is added once, however often a step is done again', async () => {
    await bringLive()
    await stage.asOwner((client) =>
      client.query(
        'UPDATE catalog.domain_claims SET state = \'proven\', details = \'{"token": "x"}\' WHERE domain = $1',
        [domain],
      ),
    )
    await work()
    expect((await show()).state).toBe('live')
    expect([...cloudfront.tenants.values()].filter((each) => each.domain === domain)).toHaveLength(1)
  })

  it('is disabled first when it is removed, and deleted when that has come to every edge', async () => {
    const tenant = await bringLive()
    await operate('DELETE', `/tenants/acme/domains/${domain}`)
    await work()
    expect(tenant).toMatchObject({ enabled: false, status: 'InProgress' })
    expect((await show()).state).toBe('removing')
    tenant.status = 'Deployed'
    asked.splice(0)
    await work()
    expect(tenantOf()).toBeUndefined()
    // The certificate that CloudFront requested is ours, and goes too.
    expect(asked).toContain('DeleteCertificate')
    expectProblem(await operate('GET', `/tenants/acme/domains/${domain}`), 404, 'not-found')
  })

  it('that never leads there ends with what to do', async () => {
    await prove()
    lead()
    await work()
    const tenant = tenantOf()
    Object.assign(tenant ?? {}, { issuance: 'validation-timed-out' })
    await work()
    // What was made is freed at once, so that the name is free for who has proof.
    expect(tenant).toMatchObject({ enabled: false })
    expect(await show()).toMatchObject({
      state: 'failed',
      problem: expect.stringContaining('did not lead here in time'),
    })
  })

  it.each([
    ['it is associated with another distribution', 'CNAMEAlreadyExists', 409, 'failed', 'another account'],
    ['the quota is reached', 'EntityLimitExceeded', 400, 'failed', 'Service Quotas'],
    ['CloudFront is busy', 'Throttling', 400, 'certificate wanted', 'tried again by itself'],
    ['the courier is not let', 'AccessDenied', 403, 'certificate wanted', 'does not let the courier'],
  ] as const)('says what to do when %s', async (_, code, status, state, told) => {
    cloudfront.fail = { method: 'POST', code, status }
    await prove()
    lead()
    await work()
    expect(await show()).toMatchObject({ state, problem: expect.stringContaining(told) })
  })
})
