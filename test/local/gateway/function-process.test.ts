import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Answer, Waiting } from '../../../local/gateway/process-messages.ts'
import { projectFolder } from '../../support/project-folder.ts'

/** What the process has said, in order: `answer ID`, or `given back IDS`. */
let said: string[]
let child: ChildProcess
let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'atrium-process-'))
  writeFileSync(
    join(folder, 'index.mjs'),
    `export const handler = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds))`,
  )
  said = []
  child = fork(join(projectFolder, 'local/gateway/function-process.ts'), [join(folder, 'index.mjs'), 'handler'])
  child.on('message', (message: Answer | Waiting) =>
    said.push('outcome' in message ? `answer ${message.requestId}` : `given back ${message.givenBack}`),
  )
})
afterEach(async () => {
  child.kill()
  await once(child, 'close')
  rmSync(folder, { recursive: true })
})

/** Sends events of so many milliseconds, by their names, and waits until the process has said as much more. */
async function send(events: Readonly<Record<string, number>>, until: number): Promise<void> {
  for (const [requestId, event] of Object.entries(events)) child.send({ event, requestId, timeout: 10_000 })
  while (said.length < until) await once(child, 'message')
}

it('answers in order, and gives back what it has not begun while one takes long, later ones as they come', async () => {
  await send({ quick: 0, slow: 1_000, behind: 0, last: 0 }, 2)
  expect(said).toEqual(['answer quick', 'given back behind,last'])
  await send({ late: 0 }, 3)
  expect(said.at(-1)).toBe('given back late')
  await send({}, 4)
  expect(said.at(-1)).toBe('answer slow')
  await send({ next: 0 }, 5)
  expect(said.at(-1)).toBe('answer next')
})

it('says that an event takes long although there is none behind it', async () => {
  await send({ slow: 50 }, 2)
  expect(said).toEqual(['given back ', 'answer slow'])
})
