import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { problemKinds, problemTypeOf } from '../../../shared/http/problems.ts'

it('leads each problem to its heading in docs/problems.md, which says its status', () => {
  const page = readFileSync(new URL('../../../docs/problems.md', import.meta.url), 'utf8')
  const headings = [...page.matchAll(/^### ([a-z-]+)\n\n\*\*(\d{3})\.\*\* /gm)]
  const said = headings.map(([, type, status]) => `/docs/problems#${type} ${status}`)
  const codes = Object.keys(problemKinds) as (keyof typeof problemKinds)[]
  expect(said.toSorted()).toEqual(codes.map((code) => `${problemTypeOf(code)} ${problemKinds[code].status}`).toSorted())
})
