import pg from 'pg'
import { quoteIdentifier, quoteLiteral } from '../../shared/db/identifiers.ts'
import { type Migration, readMigrations } from '../../shared/db/migrations.ts'
import { creationOf } from '../../shared/tenancy/build-tenant-schema.ts'
import { placementNames } from '../../shared/tenancy/placement-names.ts'
import { drawSchemaName } from '../../shared/tenancy/slug.ts'
import type { Bench, Measured } from '../bench.ts'
import { fill } from '../fill.ts'
import { type Interleaved, interleave } from '../interleave.ts'
import type { BenchStage } from '../stage.ts'
import { alone, latencyOf } from './measures.ts'

export const provision: Bench = {
  name: 'provision',
  about: 'Make one tenant, beside those that there are.',
  async run({ quick, openStage, progress }) {
    const migrations = await readMigrations('tenant')
    const measured: Measured[] = []
    const latencies: number[] = []
    const sizes: readonly { placements: number; tenants: number }[] = quick
      ? [
          { placements: 1, tenants: 10 },
          { placements: 2, tenants: 30 },
        ]
      : [10, 100, 500].map((tenants) => ({ placements: 1, tenants })).concat({ placements: 20, tenants: 10_000 })
    let stage: BenchStage | undefined
    let made = 0
    for (const { placements, tenants } of sizes) {
      if (stage === undefined || placements > stage.placements.length) {
        await stage?.end()
        stage = await openStage({ placements, controlConnections: 4 })
        made = 0
      }
      // Half of what is measured is there before, so that there are as many as it says in the middle.
      const [pieces, repetitions] = quick ? [3, 1] : tenants === 10 ? [1, 9] : [10, 3]
      // Of both, the repetition that is thrown away included; all in the first placement.
      const measuring = 2 * pieces * (repetitions + 1)
      const before = Math.max(made, tenants - measuring / 2)
      await fill(stage, before - made, progress)
      const both = await measure(stage, migrations, { pieces, repetitions })
      made = before + measuring
      const beside = `${before.toLocaleString('en')} to ${made.toLocaleString('en')}`
      const measure_ = `beside ${beside} tenants${placements > 1 ? ` in ${placements} placements` : ''}`
      measured.push(
        latencyOf({ measure: measure_, floor: 'the same SQL as one script', goal: { at: 'most', value: 1.3 } }, both),
      )
      latencies.push(both.latency.median / both.floorLatency.median)
    }
    const [first = Number.NaN] = latencies
    const last = latencies.at(-1) ?? Number.NaN
    measured.push({
      ...alone(
        {
          measure: 'the last beside the first, both by their floors',
          floor: 'the first',
          unit: 'ms',
          goal: { at: 'most', value: 1 },
        },
        [last],
        first,
      ),
      ratio: last / first,
    })
    return measured
  },
}

let scripts = 0

async function measure(
  stage: BenchStage,
  migrations: readonly Migration[],
  size: { readonly pieces: number; readonly repetitions: number },
): Promise<Interleaved> {
  const config = stage.connection('control')
  const { owner, api } = placementNames(String(config.database))
  const client = new pg.Client(config)
  await client.connect()
  const script = async () => {
    scripts += 1
    const slug = `script-${scripts}`
    const schema = drawSchemaName(slug)
    await client.query(`BEGIN; SET LOCAL ROLE ${quoteIdentifier(owner)};
      INSERT INTO catalog.tenants (slug, name, placement, schema_name, status)
      VALUES (${[slug, slug, 'p0', schema].map(quoteLiteral).join(', ')}, 'provisioning');
      ${creationOf(schema, api, migrations)};
      UPDATE catalog.tenants SET status = 'active', version = ${migrations.length} WHERE slug = ${quoteLiteral(slug)};
      COMMIT`)
  }
  const provisioned = async () => {
    scripts += 1
    await stage.createTenant(`made-${scripts}`, 'p0')
  }
  const both = await interleave({ work: script }, { work: provisioned }, size)
  await client.end()
  return both
}
