import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { problemKinds } from '../../../shared/http/problems.ts'

it('has a row in docs/problems.md for each problem, with its status', () => {
  const page = readFileSync(new URL('../../../docs/problems.md', import.meta.url), 'utf8')
  const rows = [...page.matchAll(/^\| `([a-z-]+)` +\| (\d{3}) +\|/gm)].map(([, type, status]) => `${type} ${status}`)
  expect(rows.toSorted()).toEqual(
    Object.entries(problemKinds)
      .map(([code, { status }]) => `${code.replaceAll('_', '-')} ${status}`)
      .toSorted(),
  )
})
