import pg from 'pg'
import { quoteIdentifier } from '../../shared/db/identifiers.ts'
import { rowTypes } from '../../shared/db/row-types.ts'
import { openTenantDatabase } from '../../shared/db/tenant-database.ts'
import { startCountingProxy } from '../../test/support/counting-proxy.ts'
import type { Bench, Measured } from '../bench.ts'
import { openFunction } from '../functions.ts'
import { interleave } from '../interleave.ts'
import { alone, latencyOf } from './measures.ts'

/** Milliseconds that the way to the database and back takes longer. */
const delay = 1

export const roundTrips: Bench = {
  name: 'round-trips',
  about: 'Flights to the database, counted by a proxy that makes the way there and back 1 ms longer.',
  async run({ quick, openStage }) {
    const stage = await openStage()
    const tenant = await stage.createShop('acme', 100)
    await stage.createTenant('other')
    const { host, port } = stage.connection('api')
    const proxy = await startCountingProxy({ host: String(host), port: Number(port), delay })
    const handlers = await openFunction(stage, { port: proxy.port })
    const bare = new pg.Client({ ...stage.connection('api'), port: proxy.port, types: rowTypes })
    await bare.connect()
    await bare.query(`SET ROLE ${quoteIdentifier(tenant.ref.schema)}`)
    const pools = stage.openPools({ port: proxy.port })
    const db = openTenantDatabase(pools, tenant.ref)

    const schema = quoteIdentifier(tenant.ref.schema)
    const select = (table: string) =>
      `SELECT id, name, description, price, created_at FROM ${table} WHERE id > $1 ORDER BY id LIMIT 21`
    const floor = () => bare.query(select(`${schema}.products`), ['0'])
    const read = () => db.read(select('products'), ['0'])

    const flightsOf = async (work: () => Promise<unknown>): Promise<number> => {
      proxy.takeFlights()
      await work()
      return proxy.takeFlights()
    }
    const order = { product_id: '1', quantity: 1 }
    const ask = (...request: Parameters<typeof handlers.ask>) => flightsOf(() => handlers.ask(...request))
    // The first of an instance opens its connection.
    await handlers.ask('acme', 'GET', '/products?limit=20')
    await handlers.ask('acme', 'POST', '/orders', order, { 'idempotency-key': 'first' })
    const bareFlights = await flightsOf(floor)
    const counted: [string, number, number][] = [
      ['list', await ask('acme', 'GET', '/products?limit=20'), 1],
      ['get', await ask('acme', 'GET', '/products/1'), 1],
      ['create an order with a key', await ask('acme', 'POST', '/orders', order, { 'idempotency-key': 'k' }), 1],
      ['list, catalog cold', await ask('other', 'GET', '/products?limit=20'), 2],
    ]
    const measured: Measured[] = counted.map(([measure, flights, goal]) =>
      alone(
        { measure, floor: 'bare SELECT', unit: 'flights', goal: { at: 'most', value: goal } },
        [flights],
        bareFlights,
      ),
    )
    const latency = await interleave(
      { work: floor },
      { work: read },
      { repetitions: quick ? 3 : 15, pieces: quick ? 20 : 200 },
    )
    measured.push(
      latencyOf(
        { measure: 'read, + 1 ms a round trip', floor: 'bare SELECT', goal: { at: 'most', value: 1.05 } },
        latency,
      ),
    )
    await bare.end()
    await pools.end()
    await handlers.end()
    await proxy.close()
    return measured
  },
}
