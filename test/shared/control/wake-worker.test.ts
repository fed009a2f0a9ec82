import { json } from 'node:stream/consumers'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { type LoopbackServer, startLoopbackServer } from '../../../local/loopback-server.ts'
import { operate } from '../../support/call.ts'
import { takeLogLines } from '../../support/log-lines.ts'
import { createTestStage, type TestStage } from '../../support/stage.ts'

const machine = 'arn:aws:states:eu-west-1:123456789012:stateMachine:Operations'

let stage: TestStage
let states: LoopbackServer
const started: unknown[] = []
let isDown = false

/** Answers StartExecution, and refuses what the service's model refuses: other calls, a name that is no ARN, no JSON. */
beforeAll(async () => {
  states = await startLoopbackServer(async (request, response) => {
    const body = (await json(request)) as { stateMachineArn?: string; input?: string }
    response.setHeader('content-type', 'application/x-amz-json-1.0')
    const isArn = /^arn:aws[\w-]*:states:[\w-]+:\d{12}:stateMachine:[\w-]+$/.test(body.stateMachineArn ?? '')
    if (isDown || request.headers['x-amz-target'] !== 'AWSStepFunctions.StartExecution' || !isArn) {
      response.statusCode = isDown ? 500 : 400
      response.end(JSON.stringify({ __type: isDown ? 'InternalFailure' : 'InvalidArn', message: 'no' }))
      return
    }
    started.push(JSON.parse(body.input ?? ''))
    response.end(JSON.stringify({ executionArn: `${body.stateMachineArn}:1`, startDate: 1_700_000_000 }))
  })
  Object.assign(process.env, { OPERATIONS_MACHINE: machine, AWS_ENDPOINT_URL_SFN: states.url, AWS_MAX_ATTEMPTS: '1' })
  stage = await createTestStage('control')
  await stage.createTenant({ slug: 'acme' })
})
afterAll(async () => {
  await states.close()
  await stage.end()
})
beforeEach(() => {
  isDown = false
  started.splice(0)
})

it('has the machine begin when an operation is recorded, and for nothing else', async () => {
  expect((await operate('GET', '/tenants')).status).toBe(200)
  expect((await operate('POST', '/tenants/acme/suspend')).status).toBe(200)
  expect((await operate('POST', '/tenants/acme/resume')).status).toBe(200)
  expect(started).toEqual([])
  expect((await operate('POST', '/migrations', {})).status).toBe(202)
  expect(started).toEqual([{}])
})

it('answers as well when the machine cannot be begun: the schedule finds the operation', async () => {
  isDown = true
  expect((await operate('POST', '/doctor')).status).toBe(202)
  expect(JSON.stringify(takeLogLines())).toContain('could not be begun at once')
})
