import { createHash, timingSafeEqual } from 'node:crypto'
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import * as z from 'zod/mini'
import { $ZodError } from 'zod/v4/core'
import { createSecretsClient, readSecret } from '../aws/read-secret.ts'
import { AppError } from '../errors.ts'
import { describeError, log } from '../logger.ts'
import { createSingleFlight } from '../single-flight.ts'

/** Two are good at a time, so that one can be replaced while requests with the other are on their way. */
const originSecret = z.object({ current: z.string(), previous: z._default(z.string(), '') })

/** Milliseconds that the secret is kept; until it is asked for again because of a request with neither; and after a failure. */
const ages = { kept: 5 * 60_000, soonest: 60_000, retried: 1_000 }

export interface OriginSecrets {
  /** Whether a request brings one of the two. Throws `unavailable` when they have never been had. */
  isOurs(sent: string): Promise<boolean>
}

/** The secrets that our own CDN is known by, from Secrets Manager. Compared in constant time. */
export function createOriginSecrets(
  secretId: string,
  options: { readonly client?: SecretsManagerClient; readonly now?: () => number } = {},
): OriginSecrets {
  const client = options.client ?? createSecretsClient()
  const now = options.now ?? (() => Date.now())
  const once = createSingleFlight<void>()
  let digests: readonly Buffer[] = []
  let readAt: number | undefined
  let isRead = false

  const read = async (): Promise<void> => {
    try {
      const { current, previous } = originSecret.parse(JSON.parse(await readSecret(client, secretId)))
      digests = [current, previous].filter((each) => each.length >= 20).map(digestOf)
      isRead = true
    } catch (error) {
      // Neither a SyntaxError's message nor a ZodError's may reach the log: both can quote the secret.
      const isParsing = error instanceof SyntaxError || error instanceof $ZodError
      log.error('the secret of the CDN cannot be had', { error: isParsing ? 'it is malformed' : describeError(error) })
    }
    readAt = now()
  }
  const isAmong = (sent: Buffer) => digests.map((digest) => timingSafeEqual(digest, sent)).includes(true)

  return {
    async isOurs(sent) {
      const age = readAt === undefined ? Number.POSITIVE_INFINITY : now() - readAt
      if (age > (isRead ? ages.kept : ages.retried)) await once('read', read)
      if (!isRead) throw new AppError('unavailable', 'The API cannot tell right now which host was called.')
      const digest = digestOf(sent)
      if (isAmong(digest)) return true
      // It may just have been replaced.
      if (age <= ages.kept && age > ages.soonest) await once('read', read)
      return isAmong(digest)
    },
  }
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
