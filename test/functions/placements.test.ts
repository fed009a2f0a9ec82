import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { handler as bootstrap } from '../../functions/placements/bootstrap.ts'
import { dedicatePlacement } from '../../shared/control/placements.ts'
import { registerTenant } from '../../shared/tenancy/register-tenant.ts'
import { operate } from '../support/call.ts'
import { startFunctions } from '../support/functions.ts'
import { expectProblem } from '../support/problem.ts'
import { createTestStage, type TestStage } from '../support/stage.ts'

let stage: TestStage

beforeAll(async () => {
  process.env.BOOTSTRAP_FUNCTION = 'bootstrap'
  stage = await createTestStage('control')
  await stage.createTenant()
})
afterAll(() => stage.end())

const create = (slug: string, placement?: string) => operate('POST', '/tenants', { slug, name: slug, placement })

it('lists the placements with how full they are', async () => {
  expect((await operate('GET', '/placements')).body).toEqual({
    items: [{ name: 'main', tenants: 1, tenant_limit: 500, accepts_tenants: true }],
  })
})

it('takes no tenant beyond the limit, says what to do, and takes the same one when there is room', async () => {
  await operate('PATCH', '/placements/main', { tenant_limit: 1 })
  const full = await create('one-more')
  expectProblem(full, 409, 'placements-full')
  expect(full.body.detail).toContain('add one, or raise the limit')
  expectProblem(await operate('GET', '/tenants/one-more'), 404, 'tenant-unknown')
  await operate('PATCH', '/placements/main', { tenant_limit: 2 })
  expect((await create('one-more')).status).toBe(201)
  // One that is there needs no room.
  expect((await create('one-more')).status).toBe(200)
})

it('puts a new tenant into a placement that is open, and into none that there is not', async () => {
  await operate('PATCH', '/placements/main', { tenant_limit: 500 })
  await stage.asOwner((client) => client.query("INSERT INTO catalog.placements (name) VALUES ('second')"))
  await operate('PATCH', '/placements/second', { accepts_tenants: false })
  expect((await create('in-main')).body.placement).toBe('main')
  expectProblem(await create('nowhere', 'third'), 404, 'placement-unknown')
})

it('is not made when no deployment has declared it: that is told from a fault', async () => {
  const functions = await startFunctions(stage, { bootstrap })
  const refused = await operate('POST', '/placements', { name: 'undeclared' })
  expectProblem(refused, 404, 'placement-unknown')
  expect(refused.body.detail).toContain('declare it in infra/settings.ts')
  expect((await operate('GET', '/placements')).text).not.toContain('undeclared')
  await functions.close()
})

it('refuses a change that is none, and a placement that there is not', async () => {
  expectProblem(await operate('PATCH', '/placements/main', {}), 400, 'invalid-request')
  expectProblem(await operate('PATCH', '/placements/main', { tenant_limit: 0 }), 400, 'invalid-request')
  expectProblem(await operate('PATCH', '/placements/third', { tenant_limit: 5 }), 404, 'placement-unknown')
})

it('holds to its limit however many come at once', async () => {
  await operate('PATCH', '/placements/main', { tenant_limit: 500 })
  const { body } = await operate('GET', '/placements')
  const { tenants } = body.items.find(({ name }: { name: string }) => name === 'main')
  await operate('PATCH', '/placements/main', { tenant_limit: tenants + 2 })
  const register = (n: number) =>
    registerTenant(stage.control, { slug: `crowd-${n}`, name: 'x', domains: [], placement: undefined }).then(
      () => 'registered',
      (error) => error.code,
    )
  const outcomes = await Promise.all(Array.from({ length: 12 }, (_, n) => register(n)))
  expect(outcomes.filter((outcome) => outcome === 'registered')).toHaveLength(2)
  expect(new Set(outcomes)).toEqual(new Set(['registered', 'placements_full']))
  await operate('PATCH', '/placements/main', { tenant_limit: 500 })
})

describe('a placement for one tenant', () => {
  const add = (name: string) =>
    stage.asOwner((client) => client.query('INSERT INTO catalog.placements (name) VALUES ($1)', [name]))

  it('takes one that is put there by name and no other, of two at once as well', async () => {
    await add('own')
    expect(await dedicatePlacement(stage.control, 'own')).toMatchObject({ tenant_limit: 1, accepts_tenants: false })
    // The row alone decides who may come; its database is not reached.
    const register = (slug: string) =>
      registerTenant(stage.control, { slug, name: slug, domains: [], placement: 'own' }).then(
        ({ ref }) => ref.placement,
        (error) => error.code,
      )
    expect((await Promise.all([register('first-one'), register('second-one')])).toSorted()).toEqual([
      'own',
      'placements_full',
    ])
    expectProblem(await create('third-one', 'own'), 409, 'placements-full')
    expect((await create('elsewhere')).body.placement).toBe('main')
    const moved = await operate('POST', '/tenants/elsewhere/move', { to: 'own' })
    expectProblem(moved, 409, 'placements-full')
    // Dedicating it again changes nothing; one with several tenants cannot be dedicated.
    expect(await dedicatePlacement(stage.control, 'own')).toMatchObject({ tenants: 1, tenant_limit: 1 })
    await expect(dedicatePlacement(stage.control, 'main')).rejects.toMatchObject({ code: 'placements_full' })
  })
})
