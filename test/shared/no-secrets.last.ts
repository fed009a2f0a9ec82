import { createReadStream, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { expect, it } from 'vitest'

/** Every line that the code under test has logged in this run, against every key, token and password that it was given. */
it('no secret of the whole suite stands in its log', async () => {
  const { SUITE_LOG = '', SUITE_SECRETS = '' } = process.env
  const secrets = [...new Set(readFileSync(SUITE_SECRETS, 'utf8').split('\n').filter(Boolean))]
  const found: string[] = []
  let lines = 0

  for await (const line of createInterface({ input: createReadStream(SUITE_LOG) })) {
    lines += 1

    // Secrets are long and of these characters: only such runs need be looked up.
    const runs = line.match(/[\w.~+/=-]{20,}/g) ?? []
    found.push(
      ...runs
        .flatMap((run) => secrets.filter((secret) => run.includes(secret)))
        .map((secret) => `${secret.slice(0, 8)}… in ${line.slice(0, 300)}`),
    )
  }
  expect(found).toEqual([])
  // The reading itself.
  expect(lines).toBeGreaterThan(100)
  expect(secrets.length).toBeGreaterThan(10)
})
