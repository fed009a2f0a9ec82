import { readdirSync } from 'node:fs'
import { expect, it } from 'vitest'
import { routes } from '../../functions/routes.ts'

it('names each route once', () => {
  const keys = routes.map(({ method, path }) => `${method} ${path}`)
  expect(new Set(keys).size).toBe(keys.length)
})

it('names every function that has a handler, and no other', () => {
  const folders = readdirSync(new URL('../../functions/', import.meta.url), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
  expect(new Set(routes.map((route) => route.function))).toEqual(new Set(folders))
})
