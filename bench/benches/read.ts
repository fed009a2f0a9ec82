import pg from 'pg'
import { quoteIdentifier } from '../../shared/db/identifiers.ts'
import { rowTypes } from '../../shared/db/row-types.ts'
import { openTenantDatabase } from '../../shared/db/tenant-database.ts'
import type { Tenant } from '../../shared/tenancy/tenant.ts'
import type { Bench, Measured } from '../bench.ts'
import { interleave } from '../interleave.ts'
import type { BenchStage } from '../stage.ts'
import { throughputOf } from './measures.ts'

const columns = 'id, name, description, price, created_at'
export const listOf = (table: string) => `SELECT ${columns} FROM ${table} WHERE id > $1 ORDER BY id LIMIT 20`

/** Tenants that take turns on the same connections, as they do wherever there is more than one. */
const turns = 20

export const read: Bench = {
  name: 'read',
  about: `List 20 products through the helper, of one tenant, and of ${turns} by turns.`,
  async run({ quick, openStage }) {
    const stage = await openStage()
    const shops: Tenant[] = []
    for (let n = 0; n < turns; n += 1) shops.push(await stage.createShop(`shop-${n}`, 100))
    const size = { repetitions: quick ? 2 : 15, pieces: quick ? 300 : 3_000 }
    const measured: Measured[] = []
    for (const connections of [1, 10]) {
      for (const tenants of [shops.slice(0, 1), shops]) {
        const bare = openBarePool(stage, connections)
        for (const named of [false, true]) {
          const pools = stage.openPools({ size: connections, named })
          const floors = inTurn(tenants, ({ ref }) => {
            const text = listOf(`${quoteIdentifier(ref.schema)}.products`)
            return () => bare.query(text, ['0'])
          })
          const reads = inTurn(tenants, ({ ref }) => {
            const db = openTenantDatabase(pools, ref)
            return () => db.read(listOf('products'), ['0'])
          })
          const both = await interleave(
            { work: floors, concurrency: connections },
            { work: reads, concurrency: connections },
            size,
          )
          const by = tenants.length === 1 ? 'one tenant' : `${tenants.length} tenants`
          const measure = `${by}, ${connections} connection${connections === 1 ? '' : 's'}${named ? ', named' : ''}`
          measured.push(
            throughputOf({ measure, floor: 'bare SELECT', goal: { at: 'least', value: named ? 1.1 : 0.9 } }, both),
          )
          await pools.end()
        }
        await bare.end()
      }
    }
    return measured
  },
}

/** A login that may read every schema as it is, which the functions' own may not. Its rows are made as the helper makes them. */
function openBarePool(stage: BenchStage, max: number): pg.Pool {
  const { database } = stage.connection('api')
  const pool = new pg.Pool({ ...stage.superuser, database, max, types: rowTypes, pipeline: true } as pg.PoolConfig)
  pool.on('error', () => undefined) // its last ones end with the server
  return pool
}

/** One of as many works as there are tenants, the next of them each time. */
function inTurn(tenants: readonly Tenant[], make: (tenant: Tenant) => () => Promise<unknown>): () => Promise<unknown> {
  const works = tenants.map(make)
  let turn = 0
  return () => {
    turn = (turn + 1) % works.length
    return works[turn]?.() ?? Promise.resolve()
  }
}
