import { expect, it } from 'vitest'
import { createRouteMatcher } from '../../../local/gateway/match-route.ts'

const match = createRouteMatcher([
  { method: 'GET', path: '/products' },
  { method: 'GET', path: '/products/{id}' },
  { method: 'GET', path: '/products/best' },
  { method: 'ANY', path: '/products/{id}' },
  { method: 'ANY', path: '/files/{proxy+}' },
])

it.each([
  ['GET', '/products', 'GET /products', {}],
  ['GET', '/products/7', 'GET /products/{id}', { id: '7' }],
  ['GET', '/products/best', 'GET /products/best', {}],
  ['PUT', '/products/7', 'ANY /products/{id}', { id: '7' }],
  ['GET', '/products/a%2Fb', 'GET /products/{id}', { id: 'a/b' }],
  ['GET', '/products/%zz', 'GET /products/{id}', { id: '%zz' }],
  ['GET', '/files/a/b.txt', 'ANY /files/{proxy+}', { proxy: 'a/b.txt' }],
])('takes %s %s to %s', (method, path, routeKey, parameters) => {
  const found = match(method, path)
  expect(`${found?.route.method} ${found?.route.path}`).toBe(routeKey)
  expect(found?.parameters).toEqual(parameters)
})

it.each([
  ['POST', '/products'],
  ['GET', '/products/'],
  ['GET', '/products/7/orders'],
  ['GET', '/Products'],
  ['GET', '/'],
])('finds no route for %s %s', (method, path) => {
  expect(match(method, path)).toBeUndefined()
})
