import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import openapi from '../../api/openapi.json' with { type: 'json' }
import { createClient } from '../../client/create-client.ts'
import { removeCluster } from '../../local/postgres/cluster.ts'
import { type RunningCommand, runLocal } from '../support/local-command.ts'

/** The page of the API, as a browser shows it beside `npm start`. */
const data = mkdtempSync(join(tmpdir(), 'atrium-browser-'))
chmodSync(data, 0o711) // root's server runs as another user
let started: RunningCommand
let browser: Browser
let url: string
let key: string

const atrium = async (...args: string[]) => {
  const { code, stdout, stderr } = await runLocal('cli/atrium.ts', [...args, '--data', data, '--json']).ended()
  if (code !== 0) throw new Error(stderr)
  return JSON.parse(stdout)
}

beforeAll(async () => {
  started = runLocal('local/start.ts', ['--port', '0', '--no-demo', '--json', '--data', data])
  const [ready] = await started.untilPrinted(/^\{.*"url".*\}$/m)
  url = JSON.parse(ready).url
  for (const [slug, product] of [
    ['germany', 'KUCKUCKSUHR'],
    ['france', 'BAGUETTE'],
  ] as const) {
    await atrium('tenants', 'create', slug, '--name', slug)
    key = (await atrium('keys', 'create', slug, '--name', 'browser')).key
    await createClient({ url, tenant: slug, key }).POST('/products', { body: { name: product, price: '99.00' } })
  }
  key = (await atrium('keys', 'create', 'germany', '--name', 'another')).key
  // As root, as in a container, Chromium has no sandbox.
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args })
})
afterAll(async () => {
  await browser?.close()
  started?.child.kill('SIGTERM')
  await started?.ended()
  await removeCluster(data)
  rmSync(data, { recursive: true, force: true })
})

/** A page, and what went wrong on it: errors on the console, exceptions, requests that failed or went elsewhere. */
async function open(address: string): Promise<{ page: Page; complaints: string[] }> {
  const page = await browser.newPage()
  const complaints: string[] = []
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('requestfailed', (request) => complaints.push(`${request.url()} failed`))
  page.on('request', (request) => {
    const { origin, protocol } = new URL(request.url())
    if (protocol !== 'data:' && origin !== new URL(address).origin) complaints.push(`${request.url()} is elsewhere`)
  })
  await page.goto(address)
  await page.locator('.opblock').first().waitFor()
  return { page, complaints }
}

/** Opens an operation of the page, sends its request, and answers what the page shows of the answer. */
async function tryOut(page: Page, operation: string): Promise<{ status: string; body: string }> {
  const block = page.locator(`.opblock[id$="-${operation}"]`)
  await block.locator('.opblock-summary-control').click()
  await block.locator('.btn.execute').click()
  const answer = block.locator('.live-responses-table .response')
  await answer.waitFor()
  return {
    status: (await answer.locator('.response-col_status').innerText()).trim(),
    body: await answer.locator('.response-col_description .highlight-code').first().innerText(),
  }
}

describe('the page of the API', () => {
  it("shows this tenant's products when they are asked for, on a shared domain", async () => {
    const { page, complaints } = await open(`${url}/docs#tenant=germany&key=${key}`)
    const { status, body } = await tryOut(page, 'listProducts')
    expect(status).toMatch(/^200/)
    expect(body).toContain('KUCKUCKSUHR')
    expect(body).not.toContain('BAGUETTE')
    expect(complaints).toEqual([])
  })

  it("shows them on the tenant's own domain, and places an order by the example", async () => {
    const { page, complaints } = await open(`${url.replace('localhost', 'germany.localhost')}/docs#key=${key}`)
    expect((await tryOut(page, 'listProducts')).body).toContain('KUCKUCKSUHR')
    const placed = await tryOut(page, 'createOrder')
    expect(placed.status).toMatch(/^201/)
    expect(placed.body).toContain('"total_price": "198.00"')
    expect(complaints).toEqual([])
  })

  it('lists every operation, keeps no key in its address or storage, and sends none where none was given', async () => {
    const { page, complaints } = await open(`${url}/docs#tenant=germany&key=${key}`)
    const described = Object.values(openapi.paths).flatMap((operations) => Object.keys(operations))
    expect(await page.locator('.opblock').count()).toBe(described.length)
    expect(page.url()).toBe(`${url}/docs`)
    expect(await page.evaluate('JSON.stringify([localStorage, sessionStorage, document.cookie])')).not.toContain('atr_')
    await page.reload()
    await page.locator('.opblock').first().waitFor()
    expect(complaints).toEqual([])
    expect((await tryOut(page, 'listProducts')).status).toMatch(/^40[01]/)
  })

  it('begins anew when it is given another tenant and key', async () => {
    const { page } = await open(`${url}/docs`)
    await page.evaluate(`location.hash = 'tenant=germany&key=${key}'`)
    await page.waitForURL(`${url}/docs`)
    await page.locator('.opblock').first().waitFor()
    expect((await tryOut(page, 'listProducts')).body).toContain('KUCKUCKSUHR')
  })

  it("leads from a problem's type to what it means", async () => {
    const page = await browser.newPage()
    const refused = await page.goto(`${url}/products`)
    const { type } = refused === null ? {} : await refused.json()
    await page.goto(new URL(type, url).href)
    expect(await page.locator(':target').innerText()).toBe(type.split('#')[1])
  })
})
