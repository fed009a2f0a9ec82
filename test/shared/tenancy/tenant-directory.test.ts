import { beforeEach, describe, expect, it } from 'vitest'
import { createTenantRef } from '../../../shared/db/tenant-ref.ts'
import { AppError } from '../../../shared/errors.ts'
import type { Tenant, TenantName } from '../../../shared/tenancy/tenant.ts'
import { createTenantDirectory, type TenantDirectory } from '../../../shared/tenancy/tenant-directory.ts'
import { takeLogLines } from '../../support/log-lines.ts'

const acme: Tenant = {
  ...{ id: '1', slug: 'acme', name: 'Acme', status: 'active', version: 1, corsOrigins: [] },
  limits: {
    ...{ plan: 'standard', perSecond: null, burst: null },
    ...{ statementTimeout: null, pageSize: null, over: null },
  },
  ref: createTenantRef('main', 't_acme_00000000'),
}
const bySlug = (slug: string): TenantName => ({ kind: 'slug', slug })

let now: number
let asked: string[]
let answer: (name: TenantName) => Promise<Tenant | undefined>
let directory: TenantDirectory

beforeEach(() => {
  now = 1_000_000
  asked = []
  answer = async (name) => (name.kind === 'slug' && name.slug === 'acme' ? acme : undefined)
  directory = createTenantDirectory(
    (name) => {
      asked.push(name.kind === 'slug' ? name.slug : name.domain)
      return answer(name)
    },
    () => now,
  )
})

it('keeps a tenant for 10 seconds', async () => {
  expect(await directory.find(bySlug('acme'))).toBe(acme)
  now += 9_999
  await directory.find(bySlug('acme'))
  expect(asked).toEqual(['acme'])
  now += 1
  await directory.find(bySlug('acme'))
  expect(asked).toEqual(['acme', 'acme'])
})

it('keeps a tenant that is not active for 1 second', async () => {
  answer = async () => ({ ...acme, status: 'suspended' })
  await directory.find(bySlug('acme'))
  now += 999
  await directory.find(bySlug('acme'))
  expect(asked).toEqual(['acme'])
  now += 1
  answer = async () => acme
  expect(await directory.find(bySlug('acme'))).toBe(acme)
})

it('keeps a miss for 1 second', async () => {
  expect(await directory.find(bySlug('nobody'))).toBeUndefined()
  now += 999
  await directory.find(bySlug('nobody'))
  expect(asked).toEqual(['nobody'])
  now += 1
  await directory.find(bySlug('nobody'))
  expect(asked).toEqual(['nobody', 'nobody'])
})

it('does not confuse a slug with a domain of the same text', async () => {
  await directory.find({ kind: 'domain', domain: 'acme' })
  expect(await directory.find(bySlug('acme'))).toBe(acme)
})

it('lets those who miss at the same time share one query', async () => {
  const found = await Promise.all(Array.from({ length: 50 }, () => directory.find(bySlug('acme'))))
  expect(found.every((tenant) => tenant === acme)).toBe(true)
  expect(asked).toEqual(['acme'])
})

it('drives out no tenant however many made-up names are asked for', async () => {
  await directory.find(bySlug('acme'))
  for (let n = 0; n < 20_000; n += 1) await directory.find(bySlug(`made-up-${n}`))
  asked = []
  await directory.find(bySlug('acme'))
  expect(asked).toEqual([])
  // The cache of misses is bounded: the first is forgotten, though its second is not over.
  await directory.find(bySlug('made-up-0'))
  expect(asked).toEqual(['made-up-0'])
})

it('forgets every entry of a stale tenant', async () => {
  answer = async () => acme
  await directory.find(bySlug('acme'))
  await directory.find({ kind: 'domain', domain: 'acme.example.com' })
  directory.forget(acme)
  asked = []
  await directory.find(bySlug('acme'))
  await directory.find({ kind: 'domain', domain: 'acme.example.com' })
  expect(asked).toEqual(['acme', 'acme.example.com'])
})

describe('while the catalog cannot be reached', () => {
  beforeEach(async () => {
    await directory.find(bySlug('acme'))
    answer = async () => {
      throw new AppError('unavailable', 'out of reach')
    }
  })

  it('serves a known tenant for up to 5 minutes, and says so in the log', async () => {
    now += 5 * 60_000 - 1
    expect(await directory.find(bySlug('acme'))).toBe(acme)
    expect(takeLogLines()).toMatchObject([{ level: 'WARN', tenant: 'acme' }])
    now += 1
    await expect(directory.find(bySlug('acme'))).rejects.toMatchObject({ code: 'unavailable' })
  })

  it('asks once a second, and lets no request in between wait for the catalog', async () => {
    now += 10_000
    asked = []
    await directory.find(bySlug('acme'))
    now += 999
    await directory.find(bySlug('acme'))
    expect(asked).toEqual(['acme'])
    now += 1
    await directory.find(bySlug('acme'))
    expect(asked).toEqual(['acme', 'acme'])
  })

  it('never takes an unknown tenant for a missing one', async () => {
    await expect(directory.find(bySlug('other'))).rejects.toMatchObject({ code: 'unavailable' })
  })

  it('does not serve a tenant whose look-up failed for another reason', async () => {
    answer = async () => {
      throw new TypeError('a fault of ours')
    }
    now += 10_000
    await expect(directory.find(bySlug('acme'))).rejects.toThrow(TypeError)
  })
})
