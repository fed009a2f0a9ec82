import { readFileSync } from 'node:fs'
import { defaultProvider } from '@aws-sdk/credential-provider-node'
import { AwsClient } from 'aws4fetch'
import { CommandError } from '../local/command-line.ts'
import { readRunning } from '../local/data-folder.ts'
import type { Problem } from '../shared/http/problems.ts'

/** The control plane's API, as the command speaks to it. */
export interface ControlClient {
  /** Sends a request and answers the body. Throws a CommandError with what the control plane refused, and why. */
  send(method: string, path: string, body?: unknown): Promise<ControlAnswer>
}

export interface ControlAnswer {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: each command knows what its route answers
  readonly body: any
}

type Signed = (request: Request) => Promise<Response>

/**
 * Connects to the control plane at `url` (or ATRIUM_URL), signing with the caller's AWS credentials; without a URL to
 * the one that `npm start` runs on this machine, with the operator's token.
 */
export async function connectControlPlane(options: {
  readonly url?: string
  readonly data: string
}): Promise<ControlClient> {
  const url = options.url ?? process.env.ATRIUM_URL
  const { base, send } = url === undefined ? await connectLocally(options.data) : connectToAws(url)
  return {
    async send(method, path, body) {
      const request = new Request(new URL(path, base), {
        method,
        ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
      })
      const response = await send(request).catch((error: Error) => {
        throw new CommandError(`the control plane at ${base} cannot be reached: ${reasonOf(error)}`)
      })
      const text = await response.text()
      if (response.ok) return { status: response.status, body: text === '' ? undefined : JSON.parse(text) }
      throw new CommandError(explain(response.status, text))
    },
  }
}

async function connectLocally(data: string): Promise<{ base: string; send: Signed }> {
  const running = await readRunning(data)
  if (running === undefined) {
    throw new CommandError('nothing runs on this machine: start it with npm start, or name a control plane with --url')
  }
  const token = readFileSync(running.operatorTokenFile, 'utf8')
  return {
    base: running.controlUrl,
    send(request) {
      request.headers.set('authorization', `Bearer ${token}`)
      return fetch(request)
    },
  }
}

function connectToAws(base: string): { base: string; send: Signed } {
  const credentials = defaultProvider()
  return {
    base,
    async send(request) {
      const { accessKeyId, secretAccessKey, sessionToken } = await credentials()
      // `<api id>.execute-api.<region>.amazonaws.com`; a domain of one's own needs AWS_REGION.
      const region = /\.execute-api\.([a-z0-9-]+)\./.exec(new URL(base).hostname)?.[1] ?? process.env.AWS_REGION
      if (region === undefined) throw new CommandError('set AWS_REGION to the region of the control plane')
      const client = new AwsClient({
        accessKeyId,
        secretAccessKey,
        sessionToken,
        service: 'execute-api',
        region,
        retries: 0,
      })
      return client.fetch(request)
    },
  }
}

function explain(status: number, text: string): string {
  try {
    const problem: Partial<Problem> & { message?: string } = JSON.parse(text)
    const fields = problem.errors?.map(({ path, message }) => `\n  ${path} ${message}`).join('') ?? ''
    return `${problem.detail ?? problem.message ?? problem.title} (${status}${problem.instance ? `, request ${problem.instance}` : ''})${fields}`
  } catch {
    return `the control plane answered ${status}`
  }
}

function reasonOf(error: Error): string {
  return error.cause instanceof Error ? error.cause.message : error.message
}
