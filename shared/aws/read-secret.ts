import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { clientConfig } from './client-config.ts'
import { type Wire, wireProtocol } from './wire-protocol.ts'

const getSecretValue: Wire<{ SecretId: string }, { SecretString?: string }> = {
  request: (input) => ({
    path: '/',
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'secretsmanager.GetSecretValue' },
    body: JSON.stringify(input),
  }),
  output(text) {
    const { SecretString } = JSON.parse(text)
    return { SecretString }
  },
}

/** Milliseconds. Three attempts fit into the function's time: an endpoint in the VPC answers in ten. */
const timeouts = { connectionTimeout: 1_000, requestTimeout: 3_000, throwOnRequestTimeout: true }

/** For {@link readSecret}: it knows that operation alone. */
export function createSecretsClient(): SecretsManagerClient {
  return new SecretsManagerClient({
    ...clientConfig('SECRETS_MANAGER', timeouts),
    protocol: wireProtocol({ GetSecretValue: getSecretValue }),
  })
}

/** A secret's text, empty for one that has none. Throws the service's errors, such as `ResourceNotFoundException` by name. */
export async function readSecret(client: SecretsManagerClient, SecretId: string): Promise<string> {
  const { SecretString = '' } = await client.send(new GetSecretValueCommand({ SecretId }))
  return SecretString
}
