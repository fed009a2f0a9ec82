import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { createPlacement } from '../../../shared/tenancy/create-placement.ts'

let superuser: pg.Client

beforeAll(async () => {
  superuser = new pg.Client(inject('superuser'))
  await superuser.connect()
})
afterAll(async () => {
  await superuser.query('REVOKE ALL ON DATABASE postgres FROM rdsproxyadmin')
  await superuser.query('DROP ROLE rdsproxyadmin')
  await superuser.end()
})

/** RDS makes the role when a proxy comes to a server; it looks into the database `postgres` whether the server is well. */
it("lets RDS Proxy's own user into the database that everybody else is kept from", async () => {
  const make = () =>
    createPlacement(inject('master'), {
      ...{ database: `test_${randomBytes(6).toString('hex')}`, holdsCatalog: false },
      passwords: { api: randomBytes(12).toString('hex'), control: randomBytes(12).toString('hex') },
    })
  const names = await make()
  await superuser.query('CREATE ROLE rdsproxyadmin LOGIN')
  const may = async (role: string) => {
    const { rows } = await superuser.query<{ may: boolean }>(
      "SELECT has_database_privilege($1, 'postgres', 'CONNECT') AS may",
      [role],
    )
    return rows[0]?.may
  }
  expect(await may('rdsproxyadmin')).toBe(false)
  await make()
  expect(await may('rdsproxyadmin')).toBe(true)
  expect(await may(names.api)).toBe(false)
})
