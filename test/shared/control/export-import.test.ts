import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { createGunzip, createGzip } from 'node:zlib'
import tar from 'tar-stream'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type FilesEndpoint, startFilesEndpoint } from '../../../local/files-endpoint.ts'
import { deleteTenant, restoreTenant } from '../../../shared/control/delete-tenant.ts'
import { exportOperation } from '../../../shared/control/export-operation.ts'
import { presignDownload, presignUpload } from '../../../shared/control/files.ts'
import { importOperation } from '../../../shared/control/import-operation.ts'
import { getTenant, listTenants } from '../../../shared/control/list-tenants.ts'
import { estimateMove, requireExportable } from '../../../shared/control/measure-tenant.ts'
import type { Operation, OperationKind } from '../../../shared/control/operation.ts'
import { getOperation, startOperation } from '../../../shared/control/operations.ts'
import { runSlice } from '../../../shared/control/run-operations.ts'
import { readMigrations } from '../../../shared/db/migrations.ts'
import { AppError } from '../../../shared/errors.ts'
import { buildTenantSchema } from '../../../shared/tenancy/build-tenant-schema.ts'
import { provisionTenant } from '../../../shared/tenancy/provision-tenant.ts'
import { registerTenant } from '../../../shared/tenancy/register-tenant.ts'
import { createTestStage, type TestStage } from '../../support/stage.ts'

let stage: TestStage
let files: FilesEndpoint
let folder: string
const stored = mkdtempSync(join(tmpdir(), 'atrium-files-'))

beforeAll(async () => {
  process.env.FILES_BUCKET = 'files'
  stage = await createTestStage('control')
  files = await startFilesEndpoint(stored, stage.secrets.accessKeyId)
  process.env.AWS_ENDPOINT_URL_S3 = files.url
  for (const slug of ['acme', 'neighbour']) {
    await stage.createTenant({ slug })
    await stage.inSchemaOf(slug, async (client) => {
      const awkward = ['plain', '"quoted", with\nnew line', '\\N', '', '灯 \t tab', "'; DROP TABLE products; --"]
      for (const text of awkward)
        await client.query('INSERT INTO products (name, description, price) VALUES ($1, $2, 1.50)', [text || 'x', text])
      await client.query("INSERT INTO products (name, price) SELECT 'p' || n, n FROM generate_series(1, 500) n")
      await client.query('DELETE FROM products WHERE id > 400')
      await client.query('INSERT INTO orders (product_id, quantity, unit_price) SELECT id, 2, 2.55 FROM products')
    })
  }
})
afterAll(async () => {
  await files.close()
  await stage.end()
  rmSync(stored, { recursive: true })
})
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'atrium-archive-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

async function run<Input, Position>(
  kind: OperationKind<Input, Position>,
  input: Input,
  tenant: string,
): Promise<Operation> {
  const { id } = await startOperation(stage.control, kind, { input, tenant, operator: 'olga' })
  while ((await runSlice(stage.control, new Map([[kind.kind, kind]]), { deadline: Date.now() + 60_000 })) !== 'idle');
  return getOperation(stage.control, id)
}

/** Exports the tenant and downloads the file, as the command does. */
async function exportOf(slug: string, from: string | null = null): Promise<string> {
  const { state, result } = await run(exportOperation, { slug, from }, slug)
  expect(state).toBe('succeeded')
  const response = await fetch(await presignDownload((result as { key: string }).key))
  expect(response.status).toBe(200)
  const file = join(folder, `${slug}.tar.gz`)
  writeFileSync(file, Buffer.from(await response.arrayBuffer()))
  return file
}

let uploads = 0
async function importOf(file: string, slug: string): Promise<Operation> {
  uploads += 1
  const key = `imports/${String(uploads).padStart(36, '0')}.tar.gz`
  const body = readFileSync(file)
  const response = await fetch(await presignUpload(key), { method: 'PUT', body })
  expect(response.status).toBe(200)
  return run(importOperation, { key, slug, name: 'Copy', domains: [], placement: null, plan: null }, slug)
}

async function everything(slug: string): Promise<unknown> {
  const { rows } = await stage.inSchemaOf(slug, (client) =>
    client.query(`SELECT (SELECT json_agg(p ORDER BY id) FROM products p) AS products,
      (SELECT json_agg(o ORDER BY id) FROM orders o) AS orders,
      (SELECT last_value FROM products_id_seq) AS next_product, (SELECT last_value FROM orders_id_seq) AS next_order`),
  )
  return rows[0]
}

/** The archive with one entry changed, checksums made to fit if asked. */
async function tamper(
  file: string,
  change: (name: string, content: Buffer) => [name: string, content: Buffer] | undefined,
): Promise<string> {
  const pack = tar.pack()
  const extract = tar.extract()
  void pipeline(createReadStream(file), createGunzip(), extract)
  for await (const entry of extract) {
    const chunks: Buffer[] = []
    for await (const chunk of entry) chunks.push(Buffer.from(chunk as Uint8Array))
    const changed = change(entry.header.name, Buffer.concat(chunks))
    if (changed !== undefined) pack.entry({ name: changed[0] }, changed[1])
  }
  pack.finalize()
  const path = join(folder, 'tampered.tar.gz')
  await pipeline(pack, createGzip(), createWriteStream(path))
  return path
}

const hash = (content: Buffer) => createHash('sha256').update(content).digest('hex')

describe("a tenant's export, imported beside it,", () => {
  it('has equal rows and sequences, and leaves its neighbours as they are', async () => {
    const [before, neighbour] = [await everything('acme'), await everything('neighbour')]
    const imported = await importOf(await exportOf('acme'), 'acme-copy')
    expect(imported).toMatchObject({ state: 'succeeded', result: { tenant: 'acme-copy', rows: 800 } })
    expect(await getTenant(stage.control, 'acme-copy')).toMatchObject({ status: 'active', name: 'Copy' })
    expect(await everything('acme-copy')).toEqual(before)
    expect(await everything('acme')).toEqual(before)
    expect(await everything('neighbour')).toEqual(neighbour)
  })

  it('makes the same file of its copy, but for name and time', async () => {
    const parts = async (file: string) => {
      const contents = new Map<string, string>()
      await tamper(file, (name, content) => {
        contents.set(
          name,
          name === 'manifest.json'
            ? JSON.stringify({ ...JSON.parse(content.toString()), slug: '', name: '', exported_at: '' })
            : hash(content),
        )
        return undefined
      })
      return contents
    }
    expect(await parts(await exportOf('acme-copy'))).toEqual(await parts(await exportOf('acme')))
  })
})

describe('an export', () => {
  /** Exports a tenant of 30 products while a migration, which locks them, is under way; it commits as the export waits for it. */
  async function exportBeside(slug: string, migration: string): Promise<Operation> {
    await stage.createTenant({ slug })
    await stage.inSchemaOf(slug, (client) =>
      client.query("INSERT INTO products (name, price) SELECT 'p' || n, n FROM generate_series(1, 30) n"),
    )
    const { exporting } = await stage.inSchemaOf(slug, async (client) => {
      await client.query(migration)
      const exporting = run(exportOperation, { slug, from: null }, slug)
      const waiting = "SELECT FROM pg_locks WHERE relation = 'products'::regclass AND NOT granted"
      while ((await client.query(waiting)).rowCount === 0) await sleep(10)
      return { exporting }
    })
    return exporting
  }

  it('has every row of a table that is written anew by a migration meanwhile', async () => {
    const exported = await exportBeside('rewritten', 'ALTER TABLE products ALTER COLUMN price TYPE numeric(14, 3)')
    expect(exported).toMatchObject({ state: 'succeeded', result: { rows: 30 } })
  })

  it('has the rows of a table that a migration makes meanwhile', async () => {
    const exported = await exportBeside(
      'growing',
      'LOCK TABLE products; CREATE TABLE brands (name text); INSERT INTO brands VALUES (1), (2)',
    )
    expect(exported).toMatchObject({ state: 'succeeded', result: { rows: 32 } })
  })
})

describe('an import', () => {
  const untouched = async (work: () => Promise<Operation>, code: string) => {
    const all = async () => ({
      tenants: (await listTenants(stage.control, { after: '0', limit: 200 })).map(({ slug }) => slug),
      schemas: (
        await stage.asOwner((client) =>
          client.query("SELECT nspname FROM pg_namespace WHERE nspname LIKE 't\\_%' ORDER BY 1"),
        )
      ).rows,
    })
    const before = await all()
    expect(await work()).toMatchObject({ state: 'failed', problem: { code } })
    expect(await all()).toEqual(before)
  }

  it('is refused beforehand for a tenant that is more than one worker can hold', async () => {
    const { ref } = await getTenant(stage.control, 'acme')
    await requireExportable(stage.control, 'acme', ref)
    await expect(requireExportable(stage.control, 'acme', ref, 1_000)).rejects.toMatchObject({
      code: 'tenant_too_large',
    })
    expect(await estimateMove(stage.control, 'acme')).toBe(1)
  })

  it('refuses a file that is cut short, one that is no archive, and one that is not there', async () => {
    const file = await exportOf('acme')
    const cut = join(folder, 'cut.tar.gz')
    writeFileSync(cut, readFileSync(file).subarray(0, 5_000))
    await untouched(() => importOf(cut, 'from-cut'), 'invalid_archive')
    writeFileSync(cut, 'not an archive')
    await untouched(() => importOf(cut, 'from-text'), 'invalid_archive')
    const key = `imports/${'9'.repeat(36)}.tar.gz`
    await untouched(
      () =>
        run(
          importOperation,
          { key, slug: 'from-none', name: 'x', domains: [], placement: null, plan: null },
          'from-none',
        ),
      'not_found',
    )
  })

  it('refuses a file whose rows were changed, whose rows do not fit, and whose names lead elsewhere', async () => {
    const file = await exportOf('acme')
    const changedRows = await tamper(file, (name, content) => [
      name,
      name === 'products.csv' ? Buffer.concat([content, Buffer.from('999,x,,1,2020-01-01\n')]) : content,
    ])
    await untouched(() => importOf(changedRows, 'changed-rows'), 'invalid_archive')
    // With the checksum made to fit, the count does not.
    const extra = (content: Buffer) => Buffer.concat([content, Buffer.from('999,x,,1,2020-01-01T00:00:00Z\n')])
    let products = Buffer.alloc(0)
    await tamper(file, (name, content) => {
      if (name === 'products.csv') products = extra(content)
      return undefined
    })
    const refitted = await tamper(file, (name, content) => {
      if (name === 'products.csv') return [name, products]
      if (name !== 'manifest.json') return [name, content]
      const manifest = JSON.parse(content.toString())
      for (const table of manifest.tables) if (table.name === 'products') table.sha256 = hash(products)
      return [name, Buffer.from(JSON.stringify(manifest))]
    })
    await untouched(() => importOf(refitted, 'refitted'), 'invalid_archive')
    const elsewhere = await tamper(file, (name, content) => [name === 'orders.csv' ? '../orders.csv' : name, content])
    await untouched(() => importOf(elsewhere, 'elsewhere'), 'invalid_archive')
  })

  it('refuses a file of another fleet, and of a newer one', async () => {
    const file = await exportOf('acme')
    for (const change of [{ migrations: '0'.repeat(64) }, { version: 99 }, { format: 'atrium tenant 2' }]) {
      const foreign = await tamper(file, (name, content) =>
        name === 'manifest.json'
          ? [name, Buffer.from(JSON.stringify({ ...JSON.parse(content.toString()), ...change }))]
          : [name, content],
      )
      await untouched(() => importOf(foreign, 'foreign'), 'invalid_archive')
    }
  })

  it('never fills nor removes a tenant that somebody else is creating', async () => {
    const request = { slug: 'half-made', name: 'Copy', domains: [], placement: undefined }
    const { ref } = await registerTenant(stage.control, request)
    await buildTenantSchema(stage.control.pools, ref, await readMigrations('tenant'))
    expect(await importOf(await exportOf('acme'), 'half-made')).toMatchObject({
      ...{ state: 'failed', problem: { code: 'slug_taken' } },
    })
    expect((await getTenant(stage.control, 'half-made')).ref.schema).toBe(ref.schema)
    expect(await provisionTenant(stage.control, request)).toMatchObject({ created: true, tenant: { status: 'active' } })
  })

  it('goes on where it was when its worker died behind the filling, and fills once', async () => {
    const file = await exportOf('acme')
    const key = `imports/${'9'.repeat(36)}.tar.gz`
    await fetch(await presignUpload(key), { method: 'PUT', body: readFileSync(file) })
    let died = false
    const dying = {
      ...importOperation,
      async step(...args: Parameters<typeof importOperation.step>) {
        const step = await importOperation.step(...args)
        if (args[2].schema === null || died) return step
        died = true
        throw new AppError('unavailable', 'killed here')
      },
    }
    // The tenant is active by then; what the worker died before is only saying so.
    const { id } = await startOperation(stage.control, dying, {
      ...{
        input: { key, slug: 'died-once', name: 'Copy', domains: [], placement: null, plan: null },
        tenant: 'died-once',
        operator: 'olga',
      },
    })
    while ((await getOperation(stage.control, id)).finished_at === null) {
      await runSlice(stage.control, new Map([['import', dying]]), { deadline: Date.now() + 60_000 })
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    expect(died).toBe(true)
    expect(await getOperation(stage.control, id)).toMatchObject({ state: 'succeeded' })
    expect(await everything('died-once')).toEqual(await everything('acme'))
  })

  describe('whose tenant is deleted meanwhile', () => {
    /** Imports, holds it before the schema is made, and goes on with it behind `meanwhile`. */
    async function importAround(slug: string, meanwhile: () => Promise<unknown>): Promise<Operation> {
      const key = `imports/${'8'.repeat(36)}.tar.gz`
      await fetch(await presignUpload(key), { method: 'PUT', body: readFileSync(await exportOf('acme')) })
      const request = { key, slug, name: 'Copy', domains: [], placement: null, plan: null }
      const { id } = await startOperation(stage.control, importOperation, {
        ...{ input: request, tenant: slug, operator: 'olga' },
      })
      const slice = () => runSlice(stage.control, new Map([['import', importOperation]]), { deadline: 0 })
      await slice()
      const { importing } = await stage.asOwner(async (client) => {
        const { rows } = await client.query(
          "SELECT pg_advisory_xact_lock(hashtextextended(position->>'schema', 0)) FROM catalog.operations WHERE id = $1",
          [id],
        )
        expect(rows).toHaveLength(1)
        const importing = slice()
        const waiting = `SELECT FROM pg_locks l JOIN pg_database d ON d.oid = l.database
          WHERE d.datname = current_database() AND l.locktype = 'advisory' AND NOT l.granted`
        while ((await client.query(waiting)).rowCount === 0) await sleep(10)
        await meanwhile()
        return { importing }
      })
      expect(await importing).toBe('finished')
      return getOperation(stage.control, id)
    }
    const deleteSoon = (slug: string) =>
      deleteTenant(stage.control, slug, new Date(Date.now() + 86_400_000).toISOString())

    it('fails and says so; restored behind it, the tenant has its rows', async () => {
      const slug = 'deleted-early'
      const imported = await importAround(slug, async () => {
        await deleteSoon(slug)
        await expect(restoreTenant(stage.control, slug)).rejects.toMatchObject({ code: 'operation_running' })
      })
      expect(imported).toMatchObject({
        ...{ state: 'failed', problem: { code: 'wrong_status', detail: expect.stringContaining('restored') } },
      })
      expect(await restoreTenant(stage.control, slug)).toMatchObject({ status: 'active', version: 2 })
      expect(await everything(slug)).toEqual(await everything('acme'))
    })
  })

  it('leaves nothing to be restored of a tenant that was deleted, and not filled', async () => {
    const slug = 'never-filled'
    const { ref } = await registerTenant(stage.control, { slug, name: 'x', domains: [], placement: undefined })
    await deleteTenant(stage.control, slug, new Date(Date.now() + 86_400_000).toISOString())
    const request = { key: '', slug, name: 'x', domains: [], placement: null, plan: null }
    await importOperation.abandon?.(stage.control, request, { schema: ref.schema })
    await expect(getTenant(stage.control, slug)).rejects.toMatchObject({ code: 'tenant_unknown' })
  })

  it('leaves a tenant that somebody activates as it is being undone', async () => {
    const slug = 'activated'
    const { id, ref } = await registerTenant(stage.control, { slug, name: 'x', domains: [], placement: undefined })
    await buildTenantSchema(stage.control.pools, ref, await readMigrations('tenant'))
    const { undoing } = await stage.asOwner(async (client) => {
      await client.query("UPDATE catalog.tenants SET status = 'active', version = 1 WHERE id = $1", [id])
      const request = { key: '', slug, name: 'x', domains: [], placement: null, plan: null }
      const undoing = importOperation.abandon?.(stage.control, request, { schema: ref.schema })
      const waiting = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
      while ((await client.query(waiting)).rowCount === 0) await sleep(5)
      return { undoing }
    })
    await undoing
    expect(await stage.inSchemaOf(slug, (client) => client.query('SELECT FROM products'))).toMatchObject({
      rowCount: 0,
    })
  })

  it('is not taken for undone while the catalog is out of reach', async () => {
    const away = { ...stage.control, catalog: 'nowhere' }
    const request = { key: '', slug: 'acme', name: 'x', domains: [], placement: null, plan: null }
    const undone = Promise.resolve(importOperation.abandon?.(away, request, { schema: 't_acme' }))
    await expect(undone).rejects.toMatchObject({ code: 'unavailable' })
  })

  it('never writes to a tenant that is there', async () => {
    const before = await everything('neighbour')
    await untouched(async () => importOf(await exportOf('acme'), 'neighbour'), 'slug_taken')
    expect(await everything('neighbour')).toEqual(before)
  })
})

describe('the files endpoint', () => {
  it('serves nobody without the access key, and no URL that was changed', async () => {
    const url = new URL(await presignDownload('exports/1/acme.tar.gz'))
    expect((await fetch(new URL(url.pathname, url))).status).toBe(403)
    url.searchParams.set('X-Amz-Credential', 'AKIASTRANGER/20260101/local/s3/aws4_request')
    expect((await fetch(url)).status).toBe(403)
    const expired = new URL(await presignDownload('exports/1/acme.tar.gz'))
    expired.searchParams.set('X-Amz-Date', '20200101T000000Z')
    expect((await fetch(expired)).status).toBe(403)
  })
})
