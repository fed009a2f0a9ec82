import * as z from 'zod'

/** A response as it goes over the wire. */
export interface WireResponse {
  readonly statusCode: number
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Buffer
}

const structured = z.object({
  statusCode: z.int().min(100).max(599),
  headers: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).default({}),
  cookies: z.array(z.string()).default([]),
  body: z.string().default(''),
  isBase64Encoded: z.boolean().default(false),
})

/**
 * What an HTTP API makes of a function's result: the structured response of payload format 2.0, or, for anything
 * without a status, 200 with the result as JSON. Throws for a structured response that API Gateway would refuse.
 */
export function toWireResponse(result: unknown): WireResponse {
  if (typeof result !== 'object' || result === null || !('statusCode' in result)) {
    const body = typeof result === 'string' ? result : (JSON.stringify(result) ?? '')
    return { statusCode: 200, headers: [['content-type', 'application/json']], body: Buffer.from(body) }
  }
  const { statusCode, headers, cookies, body, isBase64Encoded } = structured.parse(result)
  return {
    statusCode,
    headers: [
      ...Object.entries(headers).map(([name, value]) => [name, String(value)] as const),
      ...cookies.map((cookie) => ['set-cookie', cookie] as const),
    ],
    body: Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8'),
  }
}
