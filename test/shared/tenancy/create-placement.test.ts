import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { describe, expect, inject, it } from 'vitest'
import { createPlacement } from '../../../shared/tenancy/create-placement.ts'
import { placementNames } from '../../../shared/tenancy/placement-names.ts'

const password = () => randomBytes(12).toString('hex')
const draw = () => `test_${randomBytes(6).toString('hex')}`

async function ask<Row extends pg.QueryResultRow>(
  config: pg.ClientConfig,
  text: string,
  values: unknown[] = [],
): Promise<Row[]> {
  const client = new pg.Client(config)
  await client.connect()
  try {
    return (await client.query<Row>(text, values)).rows
  } finally {
    await client.end()
  }
}

describe('createPlacement', () => {
  it('is done by a role that is no superuser, and run again changes nothing but passwords', async () => {
    const master = inject('master')
    const [{ rolsuper, rolcreaterole } = {}] = await ask(
      master,
      'SELECT rolsuper, rolcreaterole FROM pg_roles WHERE rolname = current_user',
    )
    expect({ rolsuper, rolcreaterole }).toEqual({ rolsuper: false, rolcreaterole: true })

    const database = draw()
    const first = { api: password(), control: password() }
    const names = await createPlacement(master, { database, holdsCatalog: true, passwords: first })
    const second = { api: password(), control: first.control }
    const control = { ...master, database, user: names.control, password: second.control }
    const migrations = () =>
      ask({ ...control, options: `-c role=${names.owner}` }, 'SELECT * FROM atrium.migrations ORDER BY kind, version')
    const before = await migrations()
    await createPlacement(master, { database, holdsCatalog: true, passwords: second })
    expect(await migrations()).toEqual(before)

    const api = { ...master, database, user: names.api }
    await expect(ask({ ...api, password: first.api }, 'SELECT 1')).rejects.toMatchObject({ code: '28P01' })
    expect(await ask({ ...api, password: second.api }, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
  })

  it('keeps the catalog out of placements that do not hold it', async () => {
    const master = inject('master')
    const passwords = { api: password(), control: password() }
    const names = await createPlacement(master, { database: draw(), holdsCatalog: false, passwords })
    const config = { ...master, database: names.database, user: names.api, password: passwords.api }
    const [row] = await ask(
      config,
      `SELECT to_regnamespace('catalog') IS NULL AS none, to_regnamespace('atrium') IS NOT NULL AS atrium`,
    )
    expect(row).toEqual({ none: true, atrium: true })
  })
})

describe('placementNames', () => {
  it.each(['', 'Atrium', 'a-b', 'a"b', '1a', 'a'.repeat(51)])('refuses the database name %j', (database) => {
    expect(() => placementNames(database)).toThrow(RangeError)
  })
})
