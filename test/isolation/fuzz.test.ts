import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type CallOptions, call, keyOf } from '../support/call.ts'
import { takeLogLines } from '../support/log-lines.ts'
import { expectProblem } from '../support/problem.ts'
import { type GuardedRoute, readGuardedRoutes } from '../support/route-requests.ts'
import { createTestStage, type TestStage } from '../support/stage.ts'

const guarded = await readGuardedRoutes()

let stage: TestStage
const mark = 'd41d8cd98f00b204e9800998ecf8427e'

beforeAll(async () => {
  stage = await createTestStage()
  for (const slug of ['fuzzed', 'marked']) await stage.createTenant({ slug, domains: [`${slug}.example.com`] })
  await stage.inSchemaOf('marked', (client) =>
    client.query('INSERT INTO products (name, description, price) SELECT $1, $1, 1 FROM generate_series(1, 50)', [
      mark,
    ]),
  )
})
afterAll(() => stage.end())

/** Values that have broken somebody's API before, and some that are right. */
const someText = fc.oneof(
  fc.constantFrom('1', '2', '0', '-1', '1.00', '2.5', '99999999999.99', '1e400', 'Infinity', 'NaN', '0x10', ' 1', ''),
  fc.constantFrom('9'.repeat(400), '9223372036854775807', '9223372036854775808', '1'.repeat(20)),
  fc.constantFrom('2010-12-01T08:26:00Z', '0000-00-00', '9999-12-31T23:59:59.9999999Z', '2010-02-30T00:00:00Z'),
  fc.constantFrom(
    '\0',
    'a\0b',
    '\ud800',
    '\udfff',
    '\u202e',
    '﷽',
    '灯',
    '🙂'.repeat(150),
    '%',
    '%00',
    '\\',
    '_',
    "'",
    '"; DROP TABLE products; --',
  ),
  fc.constantFrom('__proto__', 'constructor', 'toString', '$1', '../..', 'null', 'undefined', 'true'),
  fc.constantFrom(Buffer.from('after:1').toString('base64url'), Buffer.from('after:x').toString('base64url')),
  fc.string({ maxLength: 20, unit: 'binary' }),
)
const someValue: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 6, arbitrary: someText },
  { weight: 2, arbitrary: fc.oneof(fc.integer(), fc.double(), fc.constantFrom(0, -0, 1, 2 ** 31, 2 ** 53, 1e308)) },
  { weight: 1, arbitrary: fc.constantFrom(null, true, false, [], {}, [[[]]], { a: { b: 1 } }) },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 6 }) },
)

/** Texts that no JSON.stringify would write. */
const rawBody = fc.constantFrom(
  '',
  '{',
  '[]',
  'null',
  '1e400',
  '-0',
  `{"quantity":${'9'.repeat(400)}}`,
  '{"quantity":1e400,"product_id":"1"}',
  '{"name":"x","name":"y","price":"1"}',
  '{"__proto__":{"name":"x"},"price":"1"}',
  '{"name":"\\u0000","price":"1"}',
  '{"name":"\\ud800","price":"1"}',
  `${'['.repeat(5_000)}${']'.repeat(5_000)}`,
  `${'{"a":'.repeat(100)}1${'}'.repeat(100)}`,
  '\ufeff{}',
)

const someHeaders = fc.dictionary(
  fc.constantFrom(
    'idempotency-key',
    'if-match',
    'if-none-match',
    'content-type',
    'x-forwarded-host',
    'accept',
    'domain',
  ),
  fc.oneof(
    fc.constantFrom('*', '"x"', 'application/json', 'text/plain', 'marked', 'marked.example.com'),
    fc.string({ maxLength: 300 }),
  ),
  { maxKeys: 3 },
)

interface Request {
  readonly method: string
  readonly target: string
  readonly options: CallOptions
}

/** A request that is right but for one thing at most, so that what comes behind the validation is reached as well. */
const right: Readonly<Record<string, unknown>> = {
  name: 'x',
  description: 'y',
  price: '1.00',
  product_id: '1',
  quantity: 1,
}

function bodyOf(names: readonly string[]): fc.Arbitrary<unknown> {
  if (names.length === 0) return fc.constant(undefined)
  const base = Object.fromEntries(names.filter((name) => name in right).map((name) => [name, right[name]]))
  const oneThing = fc.dictionary(fc.constantFrom(...names, 'unknown'), someValue, { maxKeys: 1 })
  return fc.oneof(
    { weight: 4, arbitrary: oneThing.map((change) => ({ ...base, ...change })) },
    { weight: 4, arbitrary: fieldsOf(names, someValue) },
    { weight: 1, arbitrary: rawBody },
  )
}

function fieldsOf<Value>(names: readonly string[], value: fc.Arbitrary<Value>): fc.Arbitrary<Record<string, Value>> {
  const name = fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom(...names, 'unknown') },
    { weight: 1, arbitrary: someText },
  )
  return fc.oneof(fc.constant({}), fc.dictionary(name, value, { maxKeys: 4 }))
}

function requestOf(route: GuardedRoute): fc.Arbitrary<Request> {
  const segment = fc.oneof(
    fc.constantFrom('1', '2', '999', '9223372036854775807'),
    someText.map((text) => encodeURIComponent(text.toWellFormed()).replaceAll('.', '%2E')),
  )
  return fc
    .record({
      segment,
      query: fieldsOf(route.fields.query, someText),
      body: bodyOf(route.fields.body),
      headers: fc.oneof({ weight: 2, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: someHeaders }),
    })
    .map(({ segment, query, body, headers }) => {
      const parameters = new URLSearchParams(
        Object.entries(query).map(([name, value]): [string, string] => [name, String(value)]),
      )
      const path = route.path.replace(/\{\w+\}/g, segment === '' ? '0' : segment)
      return {
        method: route.method,
        target: parameters.size === 0 ? path : `${path}?${parameters}`,
        options: {
          ...{ tenant: 'fuzzed', credential: keyOf('fuzzed'), headers },
          ...(body === undefined ? {} : { body }),
        },
      }
    })
}

/** 10,000 in the longer suite, some hundreds in every run. */
const runs = Number(process.env.FUZZ_RUNS ?? 1_000)

it(`answers ${runs} made-up requests without one 5xx, every refusal with a problem document, nothing of another tenant`, {
  timeout: 600_000,
}, async () => {
  const statuses = new Map<number, number>()
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...guarded).chain(requestOf), async ({ method, target, options }) => {
      const answer = await call(method, target, options)
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1)
      const [logged] = answer.status < 500 ? [] : takeLogLines().slice(-1)
      expect(answer.status, JSON.stringify({ target, ...options, logged })).toBeLessThan(500)
      expect(`${JSON.stringify(answer.headers)}${answer.text}`).not.toContain(mark)
      if (answer.status >= 400)
        expectProblem(answer, answer.status, String(answer.body.type).replace('/docs/problems#', ''))
    }),
    { numRuns: runs },
  )
  // Some were good, and some were not: what is behind the validation was reached.
  expect([...statuses.keys()]).toEqual(expect.arrayContaining([200, 201, 400, 404]))
})
