import { once } from 'node:events'
import { createWriteStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, type Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { createFunctionPool, type FunctionPool } from '../../../local/gateway/function-pool.ts'
import { openLog } from '../../../local/gateway/open-log.ts'

/** A function that does as its event says. */
const source = `
import { appendFileSync } from 'node:fs'
import { getHeapStatistics } from 'node:v8'
let underWay = 0
export const handler = async (event, context) => {
  underWay += 1
  try {
    return { ...(await answer(event, context)), underWay }
  } finally {
    underWay -= 1
  }
}
const answer = async (event, context) => {
  if (event.note) appendFileSync(event.note.file, event.note.line + '\\n')
  for (const end = performance.now() + (event.block ?? 0); performance.now() < end; );
  if (event.throw) throw new RangeError(event.throw)
  if (event.exit !== undefined) process.exit(event.exit)
  if (event.log) console.log(event.log)
  await new Promise((resolve) => setTimeout(resolve, event.wait ?? 0))
  return {
    pid: process.pid, remaining: context.getRemainingTimeInMillis(), name: context.functionName,
    memory: context.memoryLimitInMB, heap: getHeapStatistics().heap_size_limit, greeting: process.env.GREETING, path: process.env.PATH,
  }
}`

let folder: string
let pool: FunctionPool
const printed = new PassThrough()

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'atrium-function-'))
  writeFileSync(join(folder, 'index.mjs'), source)
})
afterAll(() => rmSync(folder, { recursive: true }))
afterEach(() => pool.stop())

function open({
  timeoutSeconds = 10,
  output = printed,
  environment = {},
}: {
  timeoutSeconds?: number
  output?: Writable
  environment?: Record<string, string>
} = {}): FunctionPool {
  pool = createFunctionPool(
    {
      ...{
        id: 'Greeter',
        construct: 'Greeter',
        path: 'Stack/Greeter',
        code: folder,
        handler: 'index.handler',
        timeoutSeconds,
        memoryMiB: 128,
      },
      environment: { GREETING: 'from the template' },
    },
    { environment, output },
  )
  return pool
}

async function result(event: unknown): Promise<Record<string, unknown>> {
  const outcome = await pool.invoke(event)
  if (!('result' in outcome)) throw new Error(outcome.error.errorMessage)
  return outcome.result as Record<string, unknown>
}

it("runs the function with the template's environment, timeout and memory, and no other environment", async () => {
  open()
  const { remaining, heap, underWay, ...rest } = await result({})
  expect(Number(heap)).toBeLessThan(512 * 1024 * 1024) // V8's own choice is gigabytes; the young generation comes on top
  expect(rest).toEqual({ pid: expect.any(Number), name: 'Greeter', memory: '128', greeting: 'from the template' })
  expect(remaining).toBeGreaterThan(0)
  expect(remaining).toBeLessThanOrEqual(10_000)
})

it('uses one process for events one after the other, and more for events at the same time, up to 10', async () => {
  open()
  const first = await result({})
  expect((await result({})).pid).toBe(first.pid)
  const pids = await Promise.all(Array.from({ length: 25 }, async () => (await result({ wait: 1_000 })).pid))
  expect(new Set(pids).size).toBe(10)
  expect(pids).toContain(first.pid)
})

it('answers the error that the function threw, and goes on in the same process', async () => {
  open()
  const { pid } = await result({})
  expect(await pool.invoke({ throw: 'too far' })).toEqual({
    error: { errorType: 'RangeError', errorMessage: 'too far', trace: expect.arrayContaining(['RangeError: too far']) },
  })
  expect((await result({})).pid).toBe(pid)
})

it('answers an error when the process dies, and starts another', async () => {
  open()
  const { pid } = await result({})
  expect(await pool.invoke({ exit: 3 })).toMatchObject({ error: { errorType: 'Runtime.ExitError' } })
  expect((await result({})).pid).not.toBe(pid)
})

it('stops a function that takes longer than its timeout', async () => {
  open({ timeoutSeconds: 1 })
  const { pid } = await result({})
  expect(await pool.invoke({ wait: 60_000 })).toMatchObject({
    error: { errorType: 'Sandbox.Timedout', errorMessage: 'Task timed out after 1.00 seconds' },
  })
  expect((await result({})).pid).not.toBe(pid)
})

it('starts another process for an event that would wait behind long ones, up to ten', async () => {
  open()
  const held = Array.from({ length: 12 }, () => result({ wait: 3_000 }))
  // All ten are at work before any of the first is done.
  const pids = new Set((await Promise.all(held)).map(({ pid }) => pid))
  expect(pids.size).toBe(10)
})

it('runs one event at a time in a process, however many it has been handed', async () => {
  open()
  const answers = await Promise.all(Array.from({ length: 60 }, () => result({ wait: 2 })))
  expect(new Set(answers.map(({ underWay }) => underWay))).toEqual(new Set([1]))
})

it('hands what stands behind events that only wait to another process', async () => {
  open()
  const done: string[] = []
  const tell = (name: string, event: unknown) => result(event).then(() => done.push(name))
  const slow = Array.from({ length: availableParallelism() }, (_, n) => tell(`slow ${n}`, { wait: 2_000 }))
  await Promise.all(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map((name) => tell(name, { wait: 1 })))
  expect(done).toHaveLength(8)
  await Promise.all(slow)
})

it('puts nothing behind an event that has long computed without a pause', async () => {
  open()
  let isDone = false
  const blocking = result({ block: 3_000 }).then(() => (isDone = true))
  await sleep(500) // its process is started, and has been silent for long enough
  await Promise.all(Array.from({ length: 20 }, () => result({ wait: 5 })))
  expect(isDone).toBe(false)
  await blocking
})

/** Blocks every process that may be busy, has events wait behind, and answers what became of both, and what was begun. */
async function blockAndQueue(blocking: Record<string, unknown>) {
  const file = join(folder, 'begun.txt')
  writeFileSync(file, '')
  // Warm, so that nothing is started meanwhile.
  await Promise.all(Array.from({ length: availableParallelism() }, () => pool.invoke({ block: 50 })))
  const noted = (line: string, event: unknown) => pool.invoke({ ...Object(event), note: { file, line } })
  const blocked = Array.from({ length: availableParallelism() }, (_, n) => noted(`blocking ${n}`, blocking))
  const queued = Array.from({ length: 6 }, (_, n) => noted(`queued ${n}`, {}))
  const outcomes = await Promise.all([Promise.all(blocked), Promise.all(queued)])
  const begun = readFileSync(file, 'utf8').split('\n').filter(Boolean)
  return { blocked: outcomes[0], queued: outcomes[1], begun }
}

it.each([
  ['dies', { block: 300, exit: 3 }, 'Runtime.ExitError'],
  ['is stopped', { block: 60_000 }, 'Sandbox.Timedout'],
])('begins once what waited behind an event whose process %s, in another', async (_, blocking, errorType) => {
  open({ timeoutSeconds: 1 })
  const { blocked, queued, begun } = await blockAndQueue(blocking)
  for (const outcome of blocked) expect(outcome).toMatchObject({ error: { errorType } })
  for (const outcome of queued) expect(outcome).toHaveProperty('result')
  expect(begun).toHaveLength(blocked.length + queued.length)
  expect(new Set(begun).size).toBe(begun.length)
})

it('answers an error for each event when no process can be started', async () => {
  open({ environment: { TOO_LONG: 'x'.repeat(4_000_000) } }) // more than any system hands to a process
  const outcomes = await Promise.all(Array.from({ length: 5 }, () => pool.invoke({})))
  for (const outcome of outcomes) expect(outcome).toMatchObject({ error: { errorType: 'Runtime.ExitError' } })
})

it('ends at once when it is killed: what is under way and what waits are answered with an error', async () => {
  open()
  const outcomes = Promise.all(Array.from({ length: 25 }, () => pool.invoke({ wait: 60_000 })))
  await pool.kill()
  const types = (await outcomes).map((outcome) => 'error' in outcome && outcome.error.errorType)
  expect(new Set(types)).toEqual(new Set(['Runtime.ExitError', 'Runtime.ShuttingDown']))
})

it('answers all that it was handed before it stops', async () => {
  open()
  const outcomes = Promise.all(Array.from({ length: 40 }, () => result({ wait: 5 })))
  await pool.stop()
  expect(await outcomes).toHaveLength(40)
})

it('collects what the function prints, whatever number of processes prints it', async () => {
  open()
  printed.read()
  await Promise.all(Array.from({ length: 10 }, (_, n) => result({ log: `line ${n}`, wait: 100 })))
  const text = await new Promise<string>((resolve) => setTimeout(() => resolve(String(printed.read())), 50))
  for (let n = 0; n < 10; n += 1) expect(text).toContain(`line ${n}`)
})

it('has the processes append to a log by themselves, from its beginning and each line whole', async () => {
  const path = join(folder, 'functions.log')
  writeFileSync(path, 'of an earlier start\n')
  const log = await openLog(path)
  open({ output: log })
  const lines = Array.from({ length: 40 }, (_, n) => `${n} `.padEnd(5_000, '.'))
  await Promise.all(lines.map((line) => result({ log: line, wait: 20 })))
  expect(readFileSync(path, 'utf8').split('\n').sort()).toEqual([...lines, ''].sort())
  expect(log.bytesWritten).toBe(0)
  log.destroy()
})

it('answers although nothing can be printed any more', async () => {
  const full = createWriteStream('/dev/full', { flags: 'a' })
  await once(full, 'open')
  open({ output: full })
  const { pid } = await result({ log: 'one line' })
  expect((await result({ log: 'one more' })).pid).toBe(pid)
  full.destroy()
})
