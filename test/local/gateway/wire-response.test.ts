import { expect, it } from 'vitest'
import { toWireResponse } from '../../../local/gateway/wire-response.ts'

it('sends status, headers, cookies and body of a structured response', () => {
  const result = { statusCode: 201, headers: { location: '/x', 'x-count': 3 }, cookies: ['a=1', 'b=2'], body: 'made' }
  expect(toWireResponse(result)).toEqual({
    statusCode: 201,
    headers: [
      ['location', '/x'],
      ['x-count', '3'],
      ['set-cookie', 'a=1'],
      ['set-cookie', 'b=2'],
    ],
    body: Buffer.from('made'),
  })
})

it('decodes a body in base64', () => {
  expect(toWireResponse({ statusCode: 200, body: 'AAEC', isBase64Encoded: true }).body).toEqual(Buffer.from([0, 1, 2]))
})

it('takes anything without a status for a body of 200', () => {
  const headers = [['content-type', 'application/json']]
  expect(toWireResponse({ ok: true })).toEqual({ statusCode: 200, headers, body: Buffer.from('{"ok":true}') })
  expect(toWireResponse('text')).toEqual({ statusCode: 200, headers, body: Buffer.from('text') })
})

it.each([{ statusCode: '200' }, { statusCode: 99 }, { statusCode: 200, body: { a: 1 } }])('refuses %j', (result) => {
  expect(() => toWireResponse(result)).toThrow()
})
