import { GetSecretValueCommand, ListSecretsCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type SecretsEndpoint, startSecretsEndpoint } from '../../local/secrets-endpoint.ts'

let endpoint: SecretsEndpoint
let client: SecretsManagerClient

beforeAll(async () => {
  endpoint = await startSecretsEndpoint()
  endpoint.put('login', { username: 'someone' })
  client = connect(endpoint.accessKeyId)
})
afterAll(() => endpoint.close())

function connect(accessKeyId: string): SecretsManagerClient {
  const credentials = { accessKeyId, secretAccessKey: 'local' }
  return new SecretsManagerClient({ region: 'local', endpoint: endpoint.url, credentials, maxAttempts: 1 })
}

it('answers GetSecretValue to the SDK', async () => {
  const { Name, SecretString } = await client.send(new GetSecretValueCommand({ SecretId: 'login' }))
  expect({ Name, SecretString }).toEqual({ Name: 'login', SecretString: '{"username":"someone"}' })
})

it('knows no other secret and no other operation', async () => {
  const unknown = client.send(new GetSecretValueCommand({ SecretId: 'nothing' }))
  await expect(unknown).rejects.toMatchObject({ name: 'ResourceNotFoundException' })
  await expect(client.send(new ListSecretsCommand({}))).rejects.toMatchObject({ name: 'UnknownOperationException' })
})

it('answers nobody who does not have its access key', async () => {
  const stranger = connect('AKIASTRANGER').send(new GetSecretValueCommand({ SecretId: 'login' }))
  await expect(stranger).rejects.toMatchObject({ name: 'AccessDeniedException' })
})
