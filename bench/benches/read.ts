import pg from 'pg'
import { quoteIdentifier } from '../../shared/db/identifiers.ts'
import { openTenantDatabase } from '../../shared/db/tenant-database.ts'
import type { Bench, Measured } from '../bench.ts'
import { interleave } from '../interleave.ts'
import { throughputOf } from './measures.ts'

const columns = 'id, name, description, price, created_at'
export const listOf = (table: string) => `SELECT ${columns} FROM ${table} WHERE id > $1 ORDER BY id LIMIT 20`

export const read: Bench = {
  name: 'read',
  about: 'List 20 products through the helper.',
  async run({ quick, openStage }) {
    const stage = await openStage()
    const tenant = await stage.createShop('acme', 100)
    const measured: Measured[] = []
    for (const connections of [1, 10]) {
      const bare = new pg.Pool({ ...stage.connection('api'), max: connections, pipeline: true } as pg.PoolConfig)
      bare.on('error', () => undefined) // its last ones end with the server
      bare.on('connect', (client) => void client.query(`SET ROLE ${quoteIdentifier(tenant.ref.schema)}`))
      const text = listOf(`${quoteIdentifier(tenant.ref.schema)}.products`)
      for (const named of [false, true]) {
        const pools = stage.openPools({ size: connections, named })
        const db = openTenantDatabase(pools, tenant.ref)
        const both = await interleave(
          { work: () => bare.query(text, ['0']), concurrency: connections },
          { work: () => db.read(listOf('products'), ['0']), concurrency: connections },
          { repetitions: quick ? 3 : 15, pieces: quick ? 300 : 3_000 },
        )
        const measure = `list of 20, ${connections} connections${named ? ', named' : ''}`
        measured.push(
          throughputOf({ measure, floor: 'bare SELECT', goal: { at: 'least', value: named ? 1.1 : 0.9 } }, both),
        )
        await pools.end()
      }
      await bare.end()
    }
    return measured
  },
}
