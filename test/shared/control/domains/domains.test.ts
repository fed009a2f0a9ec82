import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { handler as courier } from '../../../../functions/courier/handler.ts'
import { Refused } from '../../../../local/domains/certificates.ts'
import { type DomainsEndpoint, startDomainsEndpoint } from '../../../../local/domains/domains-endpoint.ts'
import type { InvokeEndpoint } from '../../../../local/invoke-endpoint.ts'
import { deleteTenant, purgeTenant } from '../../../../shared/control/delete-tenant.ts'
import { advanceDueClaims } from '../../../../shared/control/domains/advance-claims.ts'
import { type AskForDomain, invokeCourierForDomain } from '../../../../shared/control/invoke-function.ts'
import { purgeOperation } from '../../../../shared/control/purge-operation.ts'
import { runSlice } from '../../../../shared/control/run-operations.ts'
import { operate } from '../../../support/call.ts'
import { startFunctions } from '../../../support/functions.ts'
import { type NameServer, startNameServer } from '../../../support/name-server.ts'
import { expectProblem } from '../../../support/problem.ts'
import { createTestStage, type TestStage } from '../../../support/stage.ts'

let stage: TestStage
let names: NameServer
let aws: DomainsEndpoint
let lambda: InvokeEndpoint
let failure: { readonly operation: string; readonly refused: Refused } | undefined
const target = 'd-local.execute-api.local.test'
const zone = new Map<string, string>()

beforeAll(async () => {
  names = await startNameServer()
  aws = await startDomainsEndpoint({
    target,
    isThere: async ({ name, value }) => zone.get(`CNAME ${name}`) === value,
    fail: (operation) => (failure?.operation === operation ? failure.refused : undefined),
  })
  Object.assign(process.env, {
    ...{ COURIER_FUNCTION: 'courier', DNS_RESOLVERS: names.address, APPLICATION_API: 'an-api' },
    ...{ AWS_ENDPOINT_URL_ACM: aws.url, AWS_ENDPOINT_URL_APIGATEWAYV2: aws.url, AWS_MAX_ATTEMPTS: '1' },
  })
  stage = await createTestStage('control')
  await stage.createTenant({ slug: 'acme', domains: [] })
  await stage.createTenant({ slug: 'other', domains: [] })
  lambda = await startFunctions(stage, { courier })
})
afterAll(async () => {
  await lambda.close()
  await aws.close()
  await names.close()
  await stage.end()
})
afterEach(() => {
  failure = undefined
  names.setDown(false)
})

let count = 0
let domain: string
beforeEach(() => {
  count += 1
  domain = `shop${count}.acme.com`
})

function setRecord({ type, name, value }: { type: 'TXT' | 'CNAME'; name: string; value: string }): void {
  names.set(type, name, value)
  zone.set(`${type} ${name}`, value)
}
const show = async (slug = 'acme') => (await operate('GET', `/tenants/${slug}/domains/${domain}`)).body
const add = async (slug = 'acme') => (await operate('POST', `/tenants/${slug}/domains`, { domain })).body
const routedTo = async () =>
  stage.asOwner(async (client) => {
    const { rows } = await client.query<{ slug: string }>(
      'SELECT slug FROM catalog.domains d JOIN catalog.tenants t ON t.id = d.tenant_id WHERE domain = $1',
      [domain],
    )
    return rows[0]?.slug
  })

/** Looks at the test's claims until none gets further, as two looks that change nothing show; what waits, waits no longer. */
async function work(options: { days?: number } = {}): Promise<void> {
  const now = () => Date.now() + (options.days ?? 0) * 86_400_000
  let before = ''
  for (let unchanged = 0; unchanged < 2; ) {
    const due = await stage.asOwner((client) =>
      client.query<{ claim: string }>(
        `UPDATE catalog.domain_claims SET next_at = now() WHERE next_at <> 'infinity' AND domain = $1
         RETURNING id || state || details || coalesce(problem, '') || (strayed_at IS NULL) AS claim`,
        [domain],
      ),
    )
    const claims = due.rows.map(({ claim }) => claim).join()
    unchanged = claims === before ? unchanged + 1 : 0
    before = claims
    await advanceDueClaims(stage.control, { ask: invokeCourierForDomain, strayDays: 7, now })
  }
}

/** Sets every record that the claim shows until it is live. */
async function bringLive(slug = 'acme'): Promise<void> {
  await add(slug)
  for (let round = 0; round < 4; round += 1) {
    for (const record of (await show(slug)).records) setRecord(record)
    await work()
  }
  expect(await show(slug)).toMatchObject({ state: 'live', problem: null })
}

describe('a claimed name', () => {
  it('is proven, gets a certificate, and is routed last; each time it says which records to set, and what is there', async () => {
    const claim = await add()
    expect(claim).toMatchObject({ domain, tenant: 'acme', state: 'proof wanted', way: 'gateway' })
    expect(claim.records).toEqual([
      { type: 'TXT', name: `_atrium.${domain}`, value: expect.stringMatching(/^atrium-proof=[0-9a-f]{40}$/) },
    ])
    await work()
    expect(await show()).toMatchObject({
      ...{ state: 'proof wanted', problem: expect.stringContaining('there is nothing yet') },
      records: [{ found: false, seen: [] }],
    })
    names.set('TXT', `_atrium.${domain}`, 'something else')
    await work()
    expect((await show()).problem).toContain('there is: something else')

    setRecord(claim.records[0])
    await work()
    const certified = await show()
    expect(certified.state).toBe('certificate wanted')
    expect(certified.records).toHaveLength(2)
    expect(certified.records[0]).toMatchObject({ found: true })
    expect(certified.records[1]).toMatchObject({ type: 'CNAME', found: false })
    expect(await routedTo()).toBeUndefined()

    setRecord(certified.records[1])
    await work()
    // Served before it leads here, so that nobody is without an answer meanwhile.
    expect(await show()).toMatchObject({ state: 'live', problem: expect.stringContaining(`CNAME ${target}`) })
    expect((await show()).records[2]).toMatchObject({ type: 'CNAME', name: domain, value: target })
    expect(await routedTo()).toBe('acme')
    setRecord((await show()).records[2])
    await work()
    expect(await show()).toMatchObject({ state: 'live', problem: null })
    expect(aws.domains.get(domain)).toMatchObject({ target, mappings: [{ ApiId: 'an-api', Stage: '$default' }] })
  })

  it('that is not proven is never routed, wherever DNS leads already', async () => {
    setRecord({ type: 'CNAME', name: domain, value: target })
    await add()
    await work()
    expect((await show()).state).toBe('proof wanted')
    expect(await routedTo()).toBeUndefined()
    expect(aws.domains.has(domain)).toBe(false)
  })

  it('makes nothing twice, however often a step is done again', async () => {
    await bringLive()
    const certificates = [...aws.certificates.values()].filter((each) => each.domain === domain)
    expect(certificates).toHaveLength(1)
    // Back to its beginning, as after a worker that died before it wrote down what it had done.
    await stage.asOwner((client) =>
      client.query("UPDATE catalog.domain_claims SET state = 'proven' WHERE domain = $1", [domain]),
    )
    await work()
    expect((await show()).state).toBe('live')
    expect([...aws.certificates.values()].filter((each) => each.domain === domain)).toHaveLength(1)
    expect(aws.domains.get(domain)?.mappings).toHaveLength(1)
    expect((await operate('POST', '/tenants/acme/domains', { domain })).status).toBe(200)
  })

  it('of two tenants is the one’s who has proof, and comes free for the other', async () => {
    await bringLive('acme')
    for (const record of (await add('other')).records) setRecord(record)
    await work()
    expect(await show('other')).toMatchObject({
      ...{ state: 'proof wanted', problem: expect.stringContaining('Another tenant holds this name') },
    })
    expect(await routedTo()).toBe('acme')
    expect((await operate('DELETE', `/tenants/acme/domains/${domain}`)).status).toBe(204)
    expect(await routedTo()).toBeUndefined()
    await bringLive('other')
    expect(await routedTo()).toBe('other')
  })

  it('through an alias of the tenant’s own leads here as well', async () => {
    await bringLive()
    names.unset('CNAME', domain)
    names.set('CNAME', domain, `alias.${domain}`)
    names.set('CNAME', `alias.${domain}`, target)
    await work()
    expect(await show()).toMatchObject({ state: 'live', problem: null, strayed_at: null })
  })

  it('whose proof is taken away before it is live gets no further, and is flagged once it is', async () => {
    const { records } = await add()
    setRecord(records[0])
    await work()
    names.unset('TXT', records[0].name)
    for (const record of (await show()).records.slice(1)) setRecord(record)
    await work()
    expect(await show()).toMatchObject({ state: 'certificate wanted', problem: expect.stringContaining('TXT') })
    await bringLive()
    names.unset('CNAME', domain)
    names.unset('TXT', records[0].name)
    await stage.asOwner((client) =>
      client.query("UPDATE catalog.domain_claims SET details = details - 'led' WHERE domain = $1", [domain]),
    )
    await work()
    expect((await show()).strayed_at).not.toBeNull()
  })

  it('that does not come to live within 30 days is given up, and free for others', async () => {
    const { records } = await add()
    setRecord(records[0])
    await work()
    expect((await show()).state).toBe('certificate wanted')
    await work({ days: 31 })
    expect(await show()).toMatchObject({ state: 'failed', problem: expect.stringContaining('within 30 days') })
    await bringLive('other')
  })

  it('entered before proof was asked for gives way to who has it', async () => {
    await stage.asOwner(async (client) => {
      const { rows } = await client.query("SELECT id FROM catalog.tenants WHERE slug = 'acme'")
      await client.query('INSERT INTO catalog.domains (domain, tenant_id) VALUES ($1, $2)', [domain, rows[0].id])
      await client.query(
        `INSERT INTO catalog.domain_claims (domain, tenant_id, way, state, proof, next_at)
         VALUES ($1, $2, 'gateway', 'live', '', 'infinity')`,
        [domain, rows[0].id],
      )
    })
    expect((await show()).records).toEqual([])
    const { records } = await add('other')
    setRecord(records[0])
    await work()
    // Until the other is served it is routed as it was.
    expect((await show('other')).state).toBe('certificate wanted')
    expect(await routedTo()).toBe('acme')
    await bringLive('other')
    expect(await routedTo()).toBe('other')
    expectProblem(await operate('GET', `/tenants/acme/domains/${domain}`), 404, 'not-found')
  })

  it('that is removed frees what was made for it, and needs new proof when it is claimed again', async () => {
    await bringLive()
    const { records } = await show()
    await operate('DELETE', `/tenants/acme/domains/${domain}`)
    expect(await routedTo()).toBeUndefined()
    await work()
    expect(aws.domains.has(domain)).toBe(false)
    expect([...aws.certificates.values()].some((each) => each.domain === domain)).toBe(false)
    expectProblem(await operate('GET', `/tenants/acme/domains/${domain}`), 404, 'not-found')

    const again = await add()
    expect(again.records[0].value).not.toBe(records[0].value)
    await work()
    expect((await show()).state).toBe('proof wanted')
  })
})

describe('whatever comes between', () => {
  /** Looks at what is due with a courier that waits, once it has done its part, until `meanwhile` has been done. */
  const workWhile = async (kind: string, meanwhile: () => Promise<unknown>) => {
    let done = false
    const ask: AskForDomain = async (request) => {
      const answer = await invokeCourierForDomain(request)
      if (request.kind === kind && !done) {
        done = true
        await meanwhile()
      }
      return answer
    }
    await stage.asOwner((client) =>
      client.query("UPDATE catalog.domain_claims SET next_at = now() WHERE next_at <> 'infinity' AND domain = $1", [
        domain,
      ]),
    )
    while ((await advanceDueClaims(stage.control, { ask, strayDays: 7 })) > 0 && !done);
    expect(done).toBe(true)
  }
  const remove = () => operate('DELETE', `/tenants/acme/domains/${domain}`)
  const leftovers = () => [
    ...[...aws.certificates.values()].filter((each) => each.domain === domain),
    ...[...aws.domains.values()].filter(({ name }) => name === domain),
  ]

  it.each(['request-certificate', 'serve-domain'])(
    'a removal during %s leaves nothing behind, and no route',
    async (kind) => {
      for (const record of (await add()).records) setRecord(record)
      if (kind === 'serve-domain') {
        await work()
        for (const record of (await show()).records) setRecord(record)
      }
      await workWhile(kind, remove)
      expect(leftovers().length).toBeGreaterThan(0)
      await work()
      expect(leftovers()).toEqual([])
      expect(await routedTo()).toBeUndefined()
      expectProblem(await operate('GET', `/tenants/acme/domains/${domain}`), 404, 'not-found')
      await bringLive('other')
      expect(await routedTo()).toBe('other')
    },
  )

  it('a name whose removal has not ended is not added again, and says so', async () => {
    await bringLive()
    await remove()
    expectProblem(await operate('POST', '/tenants/acme/domains', { domain }), 409, 'conflict')
    await work()
    expect((await operate('POST', '/tenants/acme/domains', { domain })).status).toBe(201)
  })

  it('a failed claim keeps the name until what it has made is freed: nobody takes it up, and nobody loses it', async () => {
    for (const record of (await add()).records) setRecord(record)
    await work()
    for (const record of (await show()).records) setRecord(record)
    failure = {
      operation: 'POST /v2/domainnames/{name}/apimappings',
      refused: new Refused('BadRequestException', 'no'),
    }
    for (const record of (await add('other')).records) setRecord(record)
    await work()
    expect((await show()).state).toBe('failed')
    expect(aws.domains.has(domain)).toBe(false)
    failure = undefined
    await bringLive('other')
    await work()
    expect(await show('other')).toMatchObject({ state: 'live', problem: null })
    expect(aws.domains.get(domain)).toBeDefined()
  })

  it('a custom domain of somebody else in the account is neither taken up nor taken down', async () => {
    const [foreign] = [...aws.domains.keys()]
    const theirs = {
      name: domain,
      certificate: 'arn:aws:acm:local:000000000000:certificate/theirs',
      target,
      mappings: [],
    }
    ;(aws.domains as Map<string, typeof theirs>).set(domain, theirs)
    for (const record of (await add()).records) setRecord(record)
    await work()
    for (const record of (await show()).records) setRecord(record)
    await work()
    expect(await show()).toMatchObject({ state: 'failed', problem: expect.stringContaining('another custom domain') })
    await remove()
    await work()
    expect(aws.domains.get(domain)).toBe(theirs)
    expect(foreign).toBeDefined()
  })

  it('a courier that fails is told of, and asked less and less', async () => {
    await add()
    const ask: AskForDomain = async () => {
      throw new Error('it is down')
    }
    await advanceDueClaims(stage.control, { ask, strayDays: 7 })
    expect(await claimRow()).toMatchObject({ problem: expect.stringContaining('could not be looked at'), attempts: 1 })
    await stage.asOwner((client) =>
      client.query('UPDATE catalog.domain_claims SET next_at = now() WHERE domain = $1', [domain]),
    )
    await advanceDueClaims(stage.control, { ask, strayDays: 7 })
    expect(await claimRow()).toMatchObject({ attempts: 2 })
  })

  const claimRow = async () =>
    stage.asOwner(
      async (client) =>
        (await client.query('SELECT problem, attempts FROM catalog.domain_claims WHERE domain = $1', [domain])).rows[0],
    )
})

describe('what AWS answers', () => {
  it.each([
    ['it is busy', 'RequestCertificate', new Refused('ThrottlingException', 'Rate exceeded'), 'tried again by itself'],
    ['it fails', 'RequestCertificate', new Refused('InternalFailure', 'no', 500), 'tried again by itself'],
    ['it is busy', 'POST /v2/domainnames', new Refused('TooManyRequestsException', 'slow down', 429), 'by itself'],
  ])('%s (%s): the claim stays, says so, and goes on later', async (_, operation, refused, told) => {
    failure = { operation, refused }
    for (const record of (await add()).records) setRecord(record)
    await work()
    for (const record of (await show()).records) setRecord(record)
    await work()
    const stuck = await show()
    expect(stuck.problem).toContain(told)
    expect(['proven', 'issuing']).toContain(stuck.state)
    failure = undefined
    await bringLive()
  })

  it.each([
    [
      'a quota is reached',
      'RequestCertificate',
      new Refused('LimitExceededException', 'too many certificates'),
      'Service Quotas',
    ],
    [
      'the name is in use elsewhere',
      'POST /v2/domainnames',
      new Refused('ConflictException', 'already exists', 409),
      'another account',
    ],
  ])(
    '%s: the claim fails with what to do, frees what was made, and begins anew when it is verified',
    async (_, operation, refused, told) => {
      failure = { operation, refused }
      for (const record of (await add()).records) setRecord(record)
      await work()
      for (const record of (await show()).records) setRecord(record)
      await work()
      expect(await show()).toMatchObject({ state: 'failed', problem: expect.stringContaining(told) })
      expect([...aws.certificates.values()].some((each) => each.domain === domain)).toBe(false)
      failure = undefined
      expect((await operate('POST', `/tenants/acme/domains/${domain}/verify`)).body.state).toBe('proof wanted')
      await bringLive()
    },
  )

  it.each([
    ['VALIDATION_TIMED_OUT', undefined, 'not there for 72 hours'],
    ['FAILED', 'CAA_ERROR', 'CAA record'],
  ] as const)('a certificate that ends as %s is a failure with what to do', async (status, reason, told) => {
    for (const record of (await add()).records) setRecord(record)
    await work()
    const certificate = [...aws.certificates.values()].find((each) => each.domain === domain)
    if (certificate === undefined) throw new Error('no certificate was requested')
    Object.assign(certificate, { status, ...(reason === undefined ? {} : { reason }) })
    await work()
    expect(await show()).toMatchObject({ state: 'failed', problem: expect.stringContaining(told) })
  })

  it('nothing, when resolvers are down: nothing is believed, and nothing taken away', async () => {
    await bringLive()
    names.setDown(true)
    await stage.asOwner((client) =>
      client.query('UPDATE catalog.domain_claims SET next_at = now() WHERE domain = $1', [domain]),
    )
    await advanceDueClaims(stage.control, {
      ask: invokeCourierForDomain,
      strayDays: 7,
      now: () => Date.now() + 99 * 86_400_000,
    })
    names.setDown(false)
    expect(await show()).toMatchObject({ state: 'live', problem: expect.stringContaining('do not answer') })
    expect(await routedTo()).toBe('acme')
  })
})

describe('a live name that leads elsewhere', () => {
  it('is flagged, goes on being routed for a week, and is detached then', async () => {
    await bringLive()
    names.unset('CNAME', domain)
    names.set('CNAME', domain, 'elsewhere.example.net')
    await work()
    expect(await show()).toMatchObject({
      ...{ state: 'live', strayed_at: expect.any(String), problem: expect.stringContaining('It is routed until') },
    })
    expect(await routedTo()).toBe('acme')
    await work({ days: 8 })
    expect(await routedTo()).toBeUndefined()
    expectProblem(await operate('GET', `/tenants/acme/domains/${domain}`), 404, 'not-found')
    expect(aws.domains.has(domain)).toBe(false)
  })

  it('and comes back in time is as before', async () => {
    await bringLive()
    names.unset('TXT', `_atrium.${domain}`)
    await work()
    expect((await show()).strayed_at).not.toBeNull()
    setRecord((await show()).records[0])
    await work()
    expect(await show()).toMatchObject({ state: 'live', strayed_at: null, problem: null })
  })

  it('leads here by the same addresses as well, as the top of a zone must', async () => {
    await bringLive()
    names.unset('CNAME', domain)
    for (const name of [domain, target]) names.set('A', name, '203.0.113.7')
    await work()
    expect(await show()).toMatchObject({ state: 'live', strayed_at: null, problem: null })
    names.unset('A', domain)
    names.set('A', domain, '203.0.113.8')
    await work()
    expect((await show()).strayed_at).not.toBeNull()
    names.unset('A', target)
  })
})

describe("a tenant's end", () => {
  /** A tenant with a name that is live, and that AWS takes down only when the failure is gone. */
  async function makeClinging(slug: string): Promise<void> {
    await operate('POST', '/tenants', { slug, name: slug })
    await bringLive(slug)
    const operation = 'DELETE /v2/domainnames/{name}'
    failure = { operation, refused: new Refused('TooManyRequestsException', 'slow', 429) }
  }

  it('takes down what serves its names before it is purged, and waits for that', async () => {
    const slug = 'leaving'
    await makeClinging(slug)
    const { id } = await deleteTenant(stage.control, slug, new Date().toISOString())
    expect(await purgeTenant(stage.control, id)).toBe(1)
    expect(await routedTo()).toBeUndefined()
    expect((await operate('GET', `/tenants/${slug}`)).status).toBe(200)
    failure = undefined
    await work()
    expect(await purgeTenant(stage.control, id)).toBe(0)
    expect(aws.domains.has(domain)).toBe(false)
    expectProblem(await operate('GET', `/tenants/${slug}`), 404, 'tenant-unknown')
  })

  it('is an operation that waits, and does not fail for it', async () => {
    const slug = 'patient'
    await makeClinging(slug)
    const { body } = await operate('DELETE', `/tenants/${slug}?purge=${slug}`)
    const slice = async () => {
      await stage.asOwner((client) =>
        client.query('UPDATE catalog.operations SET not_before = now() WHERE id = $1', [body.id]),
      )
      return runSlice(stage.control, new Map([[purgeOperation.kind, purgeOperation]]), {
        deadline: Date.now() + 60_000,
      })
    }
    for (let n = 0; n < 12; n += 1) expect(await slice()).toBe('unfinished')
    expect((await operate('GET', `/operations/${body.id}`)).body).toMatchObject({ finished_at: null, problem: null })
    failure = undefined
    await work()
    while ((await slice()) === 'unfinished');
    expect((await operate('GET', `/operations/${body.id}`)).body.state).toBe('succeeded')
    expect(aws.domains.has(domain)).toBe(false)
  })

  it('claims no more names once it is deleted', async () => {
    await operate('POST', '/tenants', { slug: 'gone', name: 'Gone' })
    await operate('DELETE', '/tenants/gone')
    expectProblem(await operate('POST', '/tenants/gone/domains', { domain }), 409, 'wrong-status')
  })
})

describe('a name that nobody may claim', () => {
  it.each([
    ['a wildcard', '*.acme.com', 'wildcard'],
    ['an address', '192.0.2.1', 'no domain'],
    ['an IPv6 address', '[2001:db8::1]', 'no domain'],
    ['one label', 'localhost', 'no domain'],
    ['a name that no certificate can hold', `${'a'.repeat(60)}.acme.com`, 'longer than 64'],
    ['a public suffix', 'co.uk', 'public'],
    ['a suffix of a provider', 'github.io', 'public'],
    ['our own', 'acme.api.test', 'has its name already'],
    ['the base', 'api.test', 'has its name already'],
    ['no name at all', 'not a name', 'no domain'],
  ])('%s is refused', async (_, claimed, told) => {
    const refused = await operate('POST', '/tenants/acme/domains', { domain: claimed })
    expectProblem(refused, 400, 'invalid-domain')
    expect(refused.body.detail).toContain(told)
  })
})

it('an international name is stored as punycode, and shown as both', async () => {
  const { body } = await operate('POST', '/tenants/acme/domains', { domain: 'Bücher.Müller.de.' })
  expect(body).toMatchObject({ domain: 'xn--bcher-kva.xn--mller-kva.de', unicode: 'bücher.müller.de' })
  const shown = await operate('GET', `/tenants/acme/domains/${encodeURIComponent('bücher.müller.de')}`)
  expect(shown.body.domain).toBe('xn--bcher-kva.xn--mller-kva.de')
})

it('several resolvers must agree: one that lies decides nothing', async () => {
  const liar = await startNameServer()
  const { lookUpRecords } = await import('../../../../shared/courier/domains/look-up-records.ts')
  const record = { type: 'TXT' as const, name: `_atrium.${domain}`, value: 'proof' }
  liar.set('TXT', record.name, 'proof')
  const honest = await startNameServer()
  const look = async (...servers: NameServer[]) =>
    (await lookUpRecords([record], { servers: servers.map(({ address }) => address), timeout: 300 }))[0]
  expect(await look(liar, honest, names)).toEqual({ found: false, seen: [] })
  honest.set('TXT', record.name, 'proof')
  expect(await look(liar, honest, names)).toEqual({ found: true, seen: ['proof'] })
  honest.setDown(true)
  expect(await look(liar, honest)).toMatchObject({ found: false, problem: expect.stringContaining('do not answer') })
  await liar.close()
  await honest.close()
})
