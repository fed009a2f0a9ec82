import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { insertOrderOnce } from '../../functions/orders/order-queries.ts'
import { quoteIdentifier } from '../../shared/db/identifiers.ts'
import { openTenantDatabase } from '../../shared/db/tenant-database.ts'
import type { Bench, Measured } from '../bench.ts'
import { interleave } from '../interleave.ts'
import { throughputOf } from './measures.ts'

export const write: Bench = {
  name: 'write',
  about: 'Create an order with an idempotency key.',
  async run({ quick, openStage }) {
    const stage = await openStage()
    const tenant = await stage.createShop('acme', 100)
    const bare = new pg.Client({ ...stage.connection('api'), pipeline: true } as pg.ClientConfig)
    await bare.connect()
    const schema = quoteIdentifier(tenant.ref.schema)
    await bare.query(`SET ROLE ${schema}`)
    const insert = `INSERT INTO ${schema}.orders (product_id, quantity, unit_price) VALUES ($1, $2, $3)
      RETURNING id, product_id, quantity, unit_price, total_price, order_date`
    const fingerprint = Buffer.alloc(32)
    const floor = {
      async work() {
        await bare.query('BEGIN')
        await bare.query(insert, ['1', 2, '2.55'])
        await bare.query('COMMIT')
      },
    }
    const measured: Measured[] = []
    for (const named of [false, true]) {
      const pools = stage.openPools({ named })
      const db = openTenantDatabase(pools, tenant.ref)
      const order = { product_id: '1', quantity: 2 }
      const place = () => insertOrderOnce(db, order, { route: 'POST /orders', key: randomUUID(), fingerprint })
      const both = await interleave(
        floor,
        { work: place },
        { repetitions: quick ? 3 : 15, pieces: quick ? 200 : 1_500 },
      )
      const measure = `an order with a key${named ? ', named' : ''}`
      const goal = { at: 'least', value: named ? 0.95 : 0.65 } as const
      measured.push(throughputOf({ measure, floor: 'BEGIN, INSERT, COMMIT on bare pg', goal }, both))
      await pools.end()
    }
    await bare.end()
    return measured
  },
}
