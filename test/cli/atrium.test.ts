import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { operationKinds } from '../../functions/operations/operation-kinds.ts'
import { runSlice } from '../../shared/control/run-operations.ts'
import { type ControlServer, startControlServer } from '../support/control-server.ts'
import { type RunningCommand, runLocal } from '../support/local-command.ts'
import { createTestStage, type TestStage } from '../support/stage.ts'

let stage: TestStage
let server: ControlServer

beforeAll(async () => {
  stage = await createTestStage('control')
  server = await startControlServer()
})
afterAll(async () => {
  await server.close()
  await stage.end()
})

function atrium(args: readonly string[], env: Readonly<Record<string, string>> = {}): RunningCommand {
  const { accessKeyId, secretAccessKey, sessionToken } = server.credentials
  return runLocal('cli/atrium.ts', [...args, '--url', server.url], {
    AWS_REGION: 'local',
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_SESSION_TOKEN: sessionToken,
    ...env,
  })
}

const work = () => runSlice(stage.control, operationKinds, { deadline: Date.now() + 60_000 })

describe('the command on AWS', () => {
  it('signs so that IAM lets it through: bodies, queries and odd characters too', async () => {
    const made = await atrium(['tenants', 'create', 'acme', '--name', 'Äcme & Söhne', '--json']).ended()
    expect(made).toMatchObject({ code: 0, stderr: '' })
    expect(JSON.parse(made.stdout)).toMatchObject({ slug: 'acme', name: 'Äcme & Söhne', status: 'active' })
    const listed = await atrium(['tenants', 'list', '--status', 'active', '--placement', 'main']).ended()
    expect(listed).toMatchObject({ code: 0, stdout: expect.stringContaining('Äcme & Söhne') })
    const none = await atrium(['tenants', 'show', "a b'(c)*"]).ended()
    expect(none).toMatchObject({ code: 1, stderr: expect.stringContaining('must be a slug') })
  })

  it('says so when IAM does not', async () => {
    const refused = await atrium(['tenants', 'list'], { AWS_SECRET_ACCESS_KEY: 'another' }).ended()
    expect(refused).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('Forbidden (403)') })
  })

  it('says what was expected of it, and where nothing answers', async () => {
    const words = await atrium(['tenants', 'create']).ended()
    expect(words).toMatchObject({ code: 1, stderr: expect.stringContaining('expected SLUG') })
    const nowhere = await runLocal('cli/atrium.ts', ['tenants', 'list', '--url', 'http://127.0.0.1:9'], {
      ...{ AWS_REGION: 'local', AWS_ACCESS_KEY_ID: 'x', AWS_SECRET_ACCESS_KEY: 'x' },
    }).ended()
    expect(nowhere).toMatchObject({ code: 1, stderr: expect.stringContaining('cannot be reached') })
  })
})

describe('an operation that is waited for', () => {
  it('goes on when the command is interrupted, which says how to pick it up; and is picked up', async () => {
    const deleting = atrium(['tenants', 'delete', 'acme', '--now', '--confirm', 'acme'])
    // Nobody works on it yet: the command waits.
    const id = await untilStarted('purge')
    deleting.child.kill('SIGINT')
    const interrupted = await deleting.ended()
    expect(interrupted.code).toBe(130)
    expect(interrupted.stderr).toContain(`operation ${id} goes on; follow it with: atrium operations wait ${id}`)

    const waiting = atrium(['operations', 'wait', id])
    expect(await work()).toBe('finished')
    expect(await waiting.ended()).toMatchObject({ code: 0, stdout: expect.stringContaining('purge: done.') })
    // One that has ended is waited for no longer.
    expect((await atrium(['operations', 'wait', id, '--json']).ended()).code).toBe(0)
  })

  it('ends the command with 1 when it fails or is cancelled', async () => {
    const migrating = atrium(['migrate'])
    const id = await untilStarted('migrate')
    expect((await atrium(['operations', 'cancel', id]).ended()).code).toBe(0)
    expect(await migrating.ended()).toMatchObject({ code: 1, stderr: expect.stringContaining('cancelled') })
  })
})

describe('a smoke test', () => {
  it('that finds the API wanting says what, and leaves nothing behind', async () => {
    const testing = atrium(['smoke-test', '--api', 'http://127.0.0.1:9'])
    await untilStarted('purge')
    expect(await work()).toBe('finished')
    const ended = await testing.ended()
    expect(ended.code).toBe(1)
    expect(ended.stderr).toMatch(
      /✓ a tenant is made: 201\n✓ it gets a key: 201\n✗ nobody reads without one: .*\n✓ the tenant is purged/,
    )
    expect(ended.stderr).toContain('http://127.0.0.1:9 cannot be reached')
    const { rows } = await stage.asOwner((client) =>
      client.query("SELECT FROM catalog.tenants WHERE slug LIKE 'smoke-%'"),
    )
    expect(rows).toEqual([])
  })
})

async function untilStarted(kind: string): Promise<string> {
  for (;;) {
    const { rows } = await stage.asOwner((client) =>
      client.query<{ id: string }>('SELECT id FROM catalog.operations WHERE kind = $1 AND finished_at IS NULL', [kind]),
    )
    // The command has its answer a moment after the row is there.
    await new Promise((resolve) => setTimeout(resolve, 300))
    if (rows[0] !== undefined) return rows[0].id
  }
}
