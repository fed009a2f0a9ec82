import { randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import * as z from 'zod'
import { startLoopbackServer } from './loopback-server.ts'

export interface SecretsEndpoint {
  /** For AWS_ENDPOINT_URL_SECRETS_MANAGER, with the access key. */
  readonly url: string
  /** The same for a client whose access key is not ours to choose: it stands in the path. */
  readonly urlWithKey: string
  /** For AWS_ACCESS_KEY_ID: drawn anew for each endpoint, and answered to nobody else. */
  readonly accessKeyId: string
  /** Keeps a secret under its name, as JSON. */
  put(name: string, value: Readonly<Record<string, unknown>>): void
  /** How often a secret has been asked for. */
  requestsFor(name: string): number
  /** From now on answers nobody, until what it returns is called. */
  hold(): () => void
  close(): Promise<void>
}

const getSecretValue = z.object({ SecretId: z.string().min(1).max(2_048) })

/**
 * Answers Secrets Manager's GetSecretValue (AWS JSON 1.1) on 127.0.0.1, so that functions read their secrets here
 * through the same client as on AWS. Nothing is written to disk. The access key stands in for IAM: requests signed with
 * another are refused, so that other users of this machine cannot read the secrets. `declare` answers for names that
 * were not put there, as the deployment's settings declare secrets; `host` is what the caller reaches this machine by.
 */
export async function startSecretsEndpoint(
  declare: (name: string, host: string) => Readonly<Record<string, unknown>> | undefined = () => undefined,
): Promise<SecretsEndpoint> {
  const accessKeyId = randomBytes(16).toString('hex')
  const secrets = new Map<string, string>()
  const requests = new Map<string, number>()
  let held = Promise.resolve()

  const answer = async (request: IncomingMessage): Promise<{ status: number; body: unknown }> => {
    if (!isAllowed(request, accessKeyId)) {
      return { status: 403, body: { __type: 'AccessDeniedException' } }
    }
    if (request.headers['x-amz-target'] !== 'secretsmanager.GetSecretValue') {
      return { status: 400, body: { __type: 'UnknownOperationException' } }
    }
    const input = getSecretValue.safeParse(JSON.parse(await readText(request)))
    if (!input.success) return { status: 400, body: { __type: 'InvalidParameterException', message: 'SecretId?' } }
    const { SecretId } = input.data
    requests.set(SecretId, (requests.get(SecretId) ?? 0) + 1)
    const declared = secrets.has(SecretId) ? undefined : declare(SecretId, hostOf(request))
    const SecretString = secrets.get(SecretId) ?? (declared && JSON.stringify(declared))
    if (SecretString === undefined) {
      const message = "Secrets Manager can't find the specified secret."
      return { status: 400, body: { __type: 'ResourceNotFoundException', message } }
    }
    return {
      status: 200,
      body: { Name: SecretId, ARN: `arn:aws:secretsmanager:local:0:secret:${SecretId}`, SecretString },
    }
  }

  const server = await startLoopbackServer((request, response) => {
    held
      .then(() => answer(request))
      .then(
        ({ status, body }) => {
          response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(body))
        },
        () => response.writeHead(400).end(),
      )
  })
  return {
    ...server,
    urlWithKey: `${server.url}/${accessKeyId}`,
    accessKeyId,
    put: (name, value) => void secrets.set(name, JSON.stringify(value)),
    hold() {
      const { promise, resolve } = Promise.withResolvers<void>()
      held = promise
      return resolve
    },
    requestsFor: (name) => requests.get(name) ?? 0,
  }
}

function isAllowed({ url, headers }: IncomingMessage, accessKeyId: string): boolean {
  return headers.authorization?.includes(`Credential=${accessKeyId}/`) === true || url === `/${accessKeyId}/`
}

/** From inside a container this machine has another name. */
function hostOf({ headers: { host = '127.0.0.1' } }: IncomingMessage): string {
  return host.replace(/:\d+$/, '')
}

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}
