import { randomBytes, timingSafeEqual } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { userInfo } from 'node:os'
import { join } from 'node:path'

/** What the local control plane asks of an operator in IAM's place: a token in a file that only its user can read. */
export interface OperatorToken {
  readonly file: string
  /** The principal of a request, or undefined for one that must be refused. */
  authorise(request: IncomingMessage): string | undefined
}

/** Opens the token of a data folder, drawn on the first start. */
export function openOperatorToken(dataFolder: string): OperatorToken {
  const file = join(dataFolder, 'operator-token')
  if (!existsSync(file)) writeFileSync(file, randomBytes(32).toString('base64url'), { mode: 0o600 })
  const expected = Buffer.from(`Bearer ${readFileSync(file, 'utf8')}`)
  return {
    file,
    authorise({ headers: { authorization = '', host = '', origin } }) {
      const sent = Buffer.from(authorization)
      const known = sent.length === expected.length && timingSafeEqual(sent, expected)
      // A web page has an origin; one that rebinds its own name to 127.0.0.1 has another host.
      const fromPage = origin !== undefined || !/^(?:localhost|127\.0\.0\.1)(?::\d+)?$/.test(host)
      return known && !fromPage ? `arn:aws:iam::000000000000:user/${userInfo().username}` : undefined
    },
  }
}
