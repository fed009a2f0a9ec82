import { readdirSync } from 'node:fs'
import { expect, it } from 'vitest'
import { controlRoutes } from '../../functions/control-routes.ts'
import { routes } from '../../functions/routes.ts'

it.each([
  ['application plane', routes],
  ['control plane', controlRoutes],
])('names each route of the %s once', (_, table) => {
  const keys = table.map(({ method, path }) => `${method} ${path}`)
  expect(new Set(keys).size).toBe(keys.length)
})

it('gives each function to one plane', () => {
  const controlled = new Set<string>(controlRoutes.map((route) => route.function))
  expect(routes.filter((route) => controlled.has(route.function))).toEqual([])
})

it('names every function that has a handler, and no other', () => {
  const folders = readdirSync(new URL('../../functions/', import.meta.url), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
  // The courier serves other functions only.
  const named = new Set([...routes.map((route) => route.function), ...controlRoutes.map((route) => route.function)])
  expect(new Set([...named, 'courier'])).toEqual(new Set(folders))
})
