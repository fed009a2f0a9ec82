import { describe, expect, it } from 'vitest'
import { createEvent, type WireRequest } from '../../../local/gateway/create-event.ts'

const route = { route: { method: 'POST', path: '/products/{id}' }, parameters: { id: '7' } }

function request(overrides: Partial<WireRequest> = {}): WireRequest {
  return {
    ...{ method: 'POST', target: '/products/7', body: Buffer.alloc(0), sourceIp: '127.0.0.1', protocol: 'HTTP/1.1' },
    headers: [['Host', 'acme.localhost:3000']],
    ...overrides,
  }
}

describe('createEvent', () => {
  it('makes an event of payload format 2.0', () => {
    const event = createEvent(
      request({
        target: '/products/7?a=1&b=x%20y',
        headers: [
          ['Host', 'acme.localhost:3000'],
          ['User-Agent', 'curl/8'],
        ],
      }),
      route,
    )
    expect(event).toEqual({
      ...{ version: '2.0', routeKey: 'POST /products/{id}', rawPath: '/products/7', rawQueryString: 'a=1&b=x%20y' },
      headers: { host: 'acme.localhost:3000', 'user-agent': 'curl/8' },
      queryStringParameters: { a: '1', b: 'x y' },
      pathParameters: { id: '7' },
      isBase64Encoded: false,
      requestContext: {
        ...{ accountId: 'local', apiId: 'local', domainName: 'acme.localhost', domainPrefix: 'acme' },
        http: { method: 'POST', path: '/products/7', protocol: 'HTTP/1.1', sourceIp: '127.0.0.1', userAgent: 'curl/8' },
        ...{ requestId: expect.any(String), routeKey: 'POST /products/{id}', stage: '$default' },
        time: expect.stringMatching(/^\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000$/),
        timeEpoch: expect.any(Number),
      },
    })
  })

  it('joins repeated headers and parameters by a comma, and keeps cookies apart', () => {
    const event = createEvent(
      request({
        target: '/products/7?a=1&a=2',
        headers: [
          ['X-Tenant', 'acme'],
          ['x-tenant', 'other'],
          ['Cookie', 'a=1; b=2'],
          ['cookie', 'c=3'],
        ],
      }),
      route,
    )
    expect(event.headers).toEqual({ 'x-tenant': 'acme,other' })
    expect(event.cookies).toEqual(['a=1', 'b=2', 'c=3'])
    expect(event.queryStringParameters).toEqual({ a: '1,2' })
  })

  it.each([
    ['application/json', false],
    ['application/problem+json; charset=utf-8', false],
    ['text/plain', false],
    ['application/x-www-form-urlencoded', true],
    ['image/png', true],
    [undefined, true],
  ])('hands a body of type %s on, in base64: %s', (type, base64) => {
    const body = Buffer.from('{"name":"Élan"}')
    const headers: [string, string][] = type === undefined ? [] : [['Content-Type', type]]
    const event = createEvent(request({ body, headers }), route)
    expect(event.isBase64Encoded).toBe(base64)
    expect(Buffer.from(event.body ?? '', base64 ? 'base64' : 'utf8')).toEqual(body)
  })

  it('leaves out what is not there', () => {
    const event = createEvent(request(), { ...route, parameters: {} })
    for (const name of ['body', 'cookies', 'queryStringParameters', 'pathParameters'])
      expect(event).not.toHaveProperty(name)
  })
})
