import { randomBytes } from 'node:crypto'
import type pg from 'pg'
import { inject } from 'vitest'
import { secretName } from '../../shared/db/application-pools.ts'
import { createPlacement } from '../../shared/tenancy/create-placement.ts'
import { registerPlacement } from '../../shared/tenancy/register-placement.ts'
import type { TestStage } from './stage.ts'

/** Makes another placement beside the stage's own, as the bootstrap function would. Answers a connection as its owner. */
export async function addPlacement(stage: TestStage, name: string): Promise<pg.ClientConfig> {
  const master = inject('master')
  const passwords = { api: randomBytes(12).toString('hex'), control: randomBytes(12).toString('hex') }
  const names = await createPlacement(master, {
    database: `test_${randomBytes(6).toString('hex')}`,
    holdsCatalog: false,
    passwords,
  })
  for (const login of ['api', 'control'] as const) {
    stage.secrets.put(secretName('test', name, login), {
      ...{ host: master.host, port: master.port, dbname: names.database, ssl: false },
      ...{ username: names[login], password: passwords[login] },
    })
  }
  await registerPlacement(stage.control, name)
  return {
    ...master,
    database: names.database,
    user: names.control,
    password: passwords.control,
    options: `-c role=${names.owner}`,
  }
}
