import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { type FilesEndpoint, startFilesEndpoint } from '../../../local/files-endpoint.ts'
import { exportOperation } from '../../../shared/control/export-operation.ts'
import { presignDownload, presignUpload } from '../../../shared/control/files.ts'
import { importOperation } from '../../../shared/control/import-operation.ts'
import type { Operation, OperationKind } from '../../../shared/control/operation.ts'
import { getOperation, startOperation } from '../../../shared/control/operations.ts'
import { runSlice } from '../../../shared/control/run-operations.ts'
import { secretName } from '../../../shared/db/application-pools.ts'
import { registerPlacement } from '../../../shared/tenancy/register-placement.ts'
import { operate } from '../../support/call.ts'
import { expectProblem } from '../../support/problem.ts'
import { createTestStage, type TestStage } from '../../support/stage.ts'

let stage: TestStage
let files: FilesEndpoint
const stored = mkdtempSync(join(tmpdir(), 'atrium-files-'))

beforeAll(async () => {
  process.env.FILES_BUCKET = 'files'
  stage = await createTestStage('control')
  files = await startFilesEndpoint(stored, stage.secrets.accessKeyId)
  process.env.AWS_ENDPOINT_URL_S3 = files.url
  for (const slug of ['acme', 'acme-two', 'gone']) {
    await stage.createTenant({ slug, name: `Name of ${slug}`, domains: [] })
    await addProduct(slug, 'as it was')
  }
  await restoreTo('restored')
  // What went wrong after the moment that is restored.
  await stage.inSchemaOf('acme', (client) => client.query('DELETE FROM products'))
  await addProduct('acme', 'written since')
})
afterAll(async () => {
  await files.close()
  await stage.end()
  rmSync(stored, { recursive: true })
})

function addProduct(slug: string, name: string): Promise<unknown> {
  return stage.inSchemaOf(slug, (client) => client.query('INSERT INTO products (name, price) VALUES ($1, 1)', [name]))
}

/** A copy of the whole placement as it is now, on a placement of its own: what a snapshot of its server brings. */
async function restoreTo(placement: string): Promise<void> {
  const superuser = new pg.Client(inject('superuser'))
  await superuser.connect()
  const { database, owner } = stage.names
  await superuser.query(`ALTER DATABASE ${database} ALLOW_CONNECTIONS false`)
  await superuser.query('SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = $1', [database])
  await superuser.query(`CREATE DATABASE ${database}_restored OWNER ${owner} TEMPLATE ${database}`)
  await superuser.query(`ALTER DATABASE ${database} ALLOW_CONNECTIONS true`)
  await superuser.end()
  const { host, port, user, password } = stage.connection('control')
  stage.secrets.put(secretName('test', placement, 'control'), {
    ...{ host, port, dbname: `${database}_restored`, username: user, password, ssl: false },
  })
  await registerPlacement(stage.control, placement, { dedicated: true })
}

async function run<Input, Position>(kind: OperationKind<Input, Position>, input: Input): Promise<Operation> {
  const { id } = await startOperation(stage.control, kind, { input, tenant: null, operator: 'olga' })
  while ((await runSlice(stage.control, new Map([[kind.kind, kind]]), { deadline: Date.now() + 60_000 })) !== 'idle');
  return getOperation(stage.control, id)
}

let uploads = 0
/** Exports a tenant as it was and imports it beside, as the two commands do. */
async function bringBack(slug: string, beside: string): Promise<void> {
  const { result } = await run(exportOperation, { slug, from: 'restored' })
  const file = join(stored, 'file')
  const response = await fetch(await presignDownload((result as { key: string }).key))
  writeFileSync(file, Buffer.from(await response.arrayBuffer()))
  uploads += 1
  const key = `imports/${String(uploads).padStart(36, '0')}.tar.gz`
  await fetch(await presignUpload(key), { method: 'PUT', body: readFileSync(file) })
  const imported = { key, slug: beside, name: 'Brought back', domains: [], placement: null, plan: null }
  expect((await run(importOperation, imported)).state).toBe('succeeded')
}

const productsOf = (slug: string) =>
  stage.inSchemaOf(slug, async (client) =>
    (await client.query<{ name: string }>('SELECT name FROM products ORDER BY id')).rows.map(({ name }) => name),
  )

it('brings a tenant back as it was, beside itself as it is', async () => {
  await bringBack('acme', 'acme-restored')
  expect(await productsOf('acme-restored')).toEqual(['as it was'])
  expect(await productsOf('acme')).toEqual(['written since'])
})

it('brings back one that was purged since', async () => {
  // By hand, since the copy is on the same server and keeps the role from being dropped.
  await stage.asOwner((client) => client.query("DELETE FROM catalog.tenants WHERE slug = 'gone'"))
  expectProblem(await operate('GET', '/tenants/gone'), 404, 'tenant-unknown')
  await bringBack('gone', 'back-again')
  expect(await productsOf('back-again')).toEqual(['as it was'])
})

it('says so when the placement never had such a tenant, or there is no such placement', async () => {
  const never = await operate('POST', '/tenants/acme-three/export?from=restored')
  expectProblem(never, 404, 'tenant-unknown')
  expect(never.body.detail).toContain('has no schema of a tenant "acme-three"')
  expectProblem(await operate('POST', '/tenants/acme/export?from=nowhere'), 404, 'placement-unknown')
})

it('is forgotten again when it is done with, and no placement that somebody needs is', async () => {
  expectProblem(await operate('DELETE', '/placements/main'), 409, 'conflict')
  expectProblem(await operate('DELETE', '/placements/nowhere'), 404, 'placement-unknown')
  await stage.asOwner((client) =>
    client.query("UPDATE catalog.tenants SET placement = 'restored' WHERE slug = 'acme-two'"),
  )
  const held = await operate('DELETE', '/placements/restored')
  expectProblem(held, 409, 'conflict')
  expect(held.body.detail).toContain('holds 1 tenants')
  await stage.asOwner((client) => client.query("UPDATE catalog.tenants SET placement = 'main' WHERE slug = 'acme-two'"))
  expect((await operate('DELETE', '/placements/restored')).status).toBe(204)
  const { body } = await operate('GET', '/placements')
  expect(body.items.map(({ name }: { name: string }) => name)).toEqual(['main'])
})
