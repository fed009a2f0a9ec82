import { GetSecretValueCommand, ListSecretsCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { type SecretsEndpoint, startSecretsEndpoint } from '../../local/secrets-endpoint.ts'

let endpoint: SecretsEndpoint
let client: SecretsManagerClient

beforeAll(async () => {
  endpoint = await startSecretsEndpoint()
  endpoint.put('login', { username: 'someone' })
  client = connect(endpoint.accessKeyId)
})
afterAll(() => endpoint.close())

function connect(accessKeyId: string, url = endpoint.url): SecretsManagerClient {
  const credentials = { accessKeyId, secretAccessKey: 'local' }
  return new SecretsManagerClient({ region: 'local', endpoint: url, credentials, maxAttempts: 1 })
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

it('takes the access key in the path as well, from a client whose own is not ours to choose', async () => {
  const get = new GetSecretValueCommand({ SecretId: 'login' })
  expect(await connect('AKIASTRANGER', endpoint.urlWithKey).send(get)).toMatchObject({ Name: 'login' })
  const guessed = connect('AKIASTRANGER', `${endpoint.url}/${'0'.repeat(32)}`).send(get)
  await expect(guessed).rejects.toMatchObject({ name: 'AccessDeniedException' })
})

it('tells a secret by the host that it was asked under: a container has another name for this machine', async () => {
  const declaring = await startSecretsEndpoint((_, host) => ({ host }))
  const { port } = new URL(declaring.url)
  for (const host of ['127.0.0.1', 'localhost']) {
    const from = connect(declaring.accessKeyId, `http://${host}:${port}`)
    const { SecretString } = await from.send(new GetSecretValueCommand({ SecretId: 'any' }))
    expect(JSON.parse(SecretString ?? '')).toEqual({ host })
  }
  await declaring.close()
})

it("is not asked where its variable is declared and empty, as in the functions' template", async () => {
  vi.stubEnv('AWS_ENDPOINT_URL_SECRETS_MANAGER', '')
  const asked: string[] = []
  const onAws = new SecretsManagerClient({
    ...{ region: 'eu-central-1', credentials: { accessKeyId: 'AKIA', secretAccessKey: 'local' }, maxAttempts: 1 },
    requestHandler: {
      async handle({ hostname }: { hostname: string }) {
        asked.push(hostname)
        throw new Error('not sent')
      },
    },
  })
  await expect(onAws.send(new GetSecretValueCommand({ SecretId: 'login' }))).rejects.toThrow('not sent')
  expect(asked).toEqual(['secretsmanager.eu-central-1.amazonaws.com'])
  vi.unstubAllEnvs()
})
