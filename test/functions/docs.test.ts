import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import openapi from '../../api/openapi.json' with { type: 'json' }
import { routes } from '../../functions/routes.ts'
import { problemKinds, problemTypeOf } from '../../shared/http/problems.ts'
import { call, eventFor, invoke } from '../support/call.ts'
import { expectProblem } from '../support/problem.ts'

Object.assign(process.env, {
  ATRIUM_STAGE: 'test',
  ATRIUM_CATALOG: 'main',
  ATRIUM_LOGIN: 'api',
  SHARED_DOMAINS: 'api.test',
})

const bytesOf = async (target: string) => {
  const answer = await call('GET', target)
  expect(answer.status).toBe(200)
  return { ...answer, bytes: Buffer.from(answer.text, 'latin1') }
}

it('serves the description to anybody, with every route of the table but preflights', async () => {
  const { body } = await call('GET', '/openapi.json')
  expect(body).toEqual(openapi)
  const described = Object.entries(openapi.paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
  )
  const tabled = routes.filter(({ method }) => method !== 'OPTIONS').map(({ method, path }) => `${method} ${path}`)
  expect(described.toSorted()).toEqual(tabled.toSorted())
})

it('asks in the description for the scope that is enforced', () => {
  const { paths }: { paths: Record<string, Record<string, { 'x-scope'?: string; security?: unknown[] }>> } = openapi
  for (const { method, path, access } of routes.filter((route) => route.method !== 'OPTIONS')) {
    const operation = paths[path]?.[method.toLowerCase()]
    expect(operation).toMatchObject(access === 'public' ? { security: [] } : { 'x-scope': access })
  }
})

it('has a page that loads nothing from elsewhere', async () => {
  const page = await bytesOf('/docs')
  expect(page.headers).toMatchObject({
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy':
      "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  })
  const loaded = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address = '']) => address)
  expect(loaded.filter((address) => !/^(?:\/docs\/|data:)/.test(address))).toEqual([])
  for (const address of loaded.filter((each) => each.startsWith('/docs/'))) {
    const file = await bytesOf(address)
    expect(file.headers).toMatchObject({ 'content-encoding': 'gzip', 'x-content-type-options': 'nosniff' })
    expect(gunzipSync(file.bytes).length).toBeGreaterThan(500)
  }
})

it("leads every problem's type to its heading, leaves out what operators are to do, and has no link that leads nowhere", async () => {
  const page = (await bytesOf('/docs/problems')).bytes.toString('utf8')
  for (const code of Object.keys(problemKinds) as (keyof typeof problemKinds)[]) {
    const { pathname, hash } = new URL(problemTypeOf(code), 'https://shop.acme.com')
    expect(pathname).toBe('/docs/problems')
    expect(page).toContain(`<h3 id="${hash.slice(1)}">`)
  }
  expect(readFileSync(new URL('../../docs/problems.md', import.meta.url), 'utf8')).toContain('_Operators:_')
  expect(page).not.toMatch(/Operators:|runbook/)
  const links = [...page.matchAll(/href="([^"]+)"/g)].map(([, href = '']) => href)
  expect(
    links.filter(
      (href) => !/^(?:data:|#)/.test(href) || (href.startsWith('#') && !page.includes(`id="${href.slice(1)}"`)),
    ),
  ).toEqual([])
})

it('answers 404 where there is no page, whatever it is called', async () => {
  for (const name of ['nothing', '..%2Fhandler.ts', '__proto__', 'index.html']) {
    expectProblem(await invoke(eventFor('GET', `/docs/${name}`)), 404, 'not-found')
  }
})
