import { describe, expect, it } from 'vitest'
import { controlRoutes } from '../../functions/control-routes.ts'
import { routes } from '../../functions/routes.ts'
import { connectionsOf } from '../../infra/connections.ts'
import { readGitHub, readPipeline, readSettings } from '../../infra/settings.ts'
import { type ChosenSettings, checkGitHub, checkPipeline, checkSettings } from '../../infra/settings-schema.ts'
import { createAppOf } from '../support/synthesise.ts'

const two = (one: object, other: object) => [one, other] as ChosenSettings['placements']
const aurora = {
  kind: 'aurora' as const,
  version: '18.4',
  minCapacity: 1,
  maxCapacity: 4,
  readers: 0,
  maxConnections: 800,
}

describe('a wrong setting is refused in one line that names it', () => {
  it.each<[string, Partial<ChosenSettings>]>([
    ['placements must', { placements: two({ name: 'a', database: 'a' }, { name: 'a', database: 'b' }) }],
    ['placements must', { placements: two({ name: 'a', database: 'a' }, { name: 'b', database: 'a' }) }],
    ['placements.1.database', { placements: two({ name: 'a', database: 'a' }, { name: 'b', database: 'b-c' }) }],
    ['placements.0.server', { placements: [{ name: 'a', database: 'a', server: 'elsewhere' }] }],
    ['placements', { placements: [] }],
    ['servers.main.minCapacity', { servers: { main: { ...aurora, minCapacity: -1 } } }],
    ['servers.main.maxConnections is more than the 823', { servers: { main: { ...aurora, maxConnections: 900 } } }],
    ['servers.main.minCapacity is above', { servers: { main: { ...aurora, minCapacity: 8 } } }],
    ['servers.main.minCapacity', { servers: { main: { ...aurora, minCapacity: 1.3 } } }],
    ['servers.main.version must be', { servers: { main: { ...aurora, version: '15.4' } } }],
    ['servers.a--', { servers: { 'a--': aurora } }],
    ['placements.0.database is one of', { placements: [{ name: 'a', database: 'postgres' }] }],
    [
      'servers.main.instanceClass must be',
      {
        servers: {
          main: {
            kind: 'instance',
            version: '18.3',
            instanceClass: 'db.t4g.micro',
            storageGiB: 20,
            multiAz: false,
            maxConnections: 100,
          },
        },
      },
    ],
    ['servers.idle has no placement', { servers: { main: aurora, idle: aurora } }],
    ['throttle.perSecond', { throttle: { perSecond: 0, burst: 1 } }],
    ['routeThrottle.POST_/order is no route', { routeThrottle: { 'POST /order': { perSecond: 1, burst: 1 } } }],
    ['function.timeoutSeconds', { function: { memoryMiB: 512, timeoutSeconds: 30 } }],
    ['account must be 12 digits', { account: '12345' }],
    ['region must be a region', { region: 'europe' }],
    ['domains.base must be a domain', { domains: { base: 'API.example.com', certificateArn: 'arn:aws:acm:x' } }],
    ['domains needs a zone or', { domains: { base: 'api.example.com' } }],
    ['connection.named must be false with a proxy', { proxy: { connectionPercent: 50 } }],
    ['corsOrigins.0 must be', { corsOrigins: ['console.example.com'] }],
    ['alarmEmail', { alarmEmail: 'nobody' }],
    ['concurrency.functions.order is no', { concurrency: { application: 1, control: 1, functions: { order: 1 } } }],
    ['logRetentionDays', { logRetentionDays: 3 as never }],
  ])('%s', (told, change) => {
    const check = () => checkSettings({ ...readSettings('dev'), ...change })
    expect(check).toThrow(RangeError)
    const [path = '', ...rest] = told.split(' ')
    expect(check).toThrow(`the setting ${path.replace('_', ' ')} of the stage "dev" ${rest.join(' ')}`)
    expect(check).not.toThrow(/\n/)
  })

  it("of the pipeline's and of GitHub's as well", () => {
    expect(() => checkPipeline({ ...readPipeline(), connectionArn: 'none' })).toThrow(
      'the setting connectionArn of the pipeline must be the ARN of a connection',
    )
    expect(() => checkGitHub({ ...readGitHub('staging'), repository: 'atrium' })).toThrow(
      'the setting repository of GitHub must be owner/name',
    )
  })
})

it('refuses a stage that there is not', () => {
  expect(() => createAppOf('prod')).toThrow('there are no settings for the stage "prod": choose one of dev')
})

describe('the connections that the functions may open', () => {
  const settings = readSettings('production')
  const main = settings.servers.main as NonNullable<(typeof settings.servers)['main']>
  const concurrency = { application: 10, control: 1, functions: {} }
  const direct = { ...settings, proxy: null, concurrency }

  it('are one for each instance and placement, three at most, and more for the control plane', () => {
    const needed = (placements: number) => {
      const names = Array.from({ length: placements }, (_, n) => ({ name: `p${n}`, database: `d${n}`, server: 'main' }))
      return connectionsOf('main', { ...direct, placements: names })?.needed ?? 0
    }
    // 10 instances of each; of the control plane 2 more functions, and 2 of a deployment, each with 4 and 2 more; 10 for others.
    const application = new Set(routes.map((route) => route.function)).size * 10
    const control = new Set(controlRoutes.map((route) => route.function)).size + 2 + 2
    // Twice: those of the version before are frozen for a while, and keep their connections.
    expect(needed(1)).toBe(2 * (application + control * (4 + 2)) + 10)
    expect(needed(3)).toBe(2 * (3 * application + control * (3 * 4 + 2)) + 10)
    expect(needed(9)).toBe(needed(3))
  })

  it("are the proxy's share instead of the application plane's, where there is one", () => {
    const proxied = connectionsOf('main', { ...direct, proxy: { connectionPercent: 50 } })
    expect(proxied).toEqual({ needed: 1_000 + 2 * 11 * 6 + 10, available: 1_995 })
  })

  it('must fit the server', () => {
    const check = (maxConnections: number) =>
      checkSettings({ ...direct, servers: { main: { ...main, maxConnections } } })
    const needed = connectionsOf('main', direct)?.needed ?? 0
    expect(() => check(needed + 5)).not.toThrow()
    expect(() => check(needed + 4)).toThrow(
      `the setting servers.main.maxConnections of the stage "production" leaves ${needed - 1} connections, but the functions may open ${needed}`,
    )
  })

  it('are not known where the account decides', () => {
    expect(connectionsOf('main', readSettings('dev'))).toBeUndefined()
  })
})
