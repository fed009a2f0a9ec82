import type { FileAnswer } from '../../shared/http/answer.ts'

/** Scripts, styles and calls of this API's own alone. Swagger UI puts styles into elements, and its icons into the stylesheet. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** A page in HTML, which may load nothing from elsewhere. */
export function answerPage(html: Buffer): FileAnswer {
  return {
    status: 200,
    file: { type: 'text/html; charset=utf-8', bytes: html },
    headers: {
      'content-security-policy': policy,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
    },
  }
}
