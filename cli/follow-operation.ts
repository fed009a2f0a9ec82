import { setTimeout as sleep } from 'node:timers/promises'
import { CommandError } from '../local/command-line.ts'
import type { Operation } from '../shared/control/operation.ts'
import type { CommandCall } from './command.ts'

const pollInterval = 250

/**
 * Waits for an operation with a progress line on stderr, and prints what came of it unless it is to be quiet. Throws a
 * CommandError when it failed or was cancelled. Interrupted, it says how to go on waiting: the operation itself goes on.
 */
export async function followOperation(
  call: CommandCall,
  id: string,
  how: 'telling' | 'quietly' = 'telling',
): Promise<Operation> {
  const interrupted = () => {
    process.stderr.write(`\noperation ${id} goes on; follow it with: atrium operations wait ${id}\n`)
    process.exit(130)
  }
  process.once('SIGINT', interrupted)
  try {
    const operation = await waitFor(call, id)
    if (operation.state === 'succeeded') {
      if (how === 'telling') call.print(operation, () => `${operation.kind}: done. ${describe(operation.result)}`)
      return operation
    }
    if (call.json && how === 'telling') console.log(JSON.stringify(operation))
    throw new CommandError(
      `operation ${id} (${operation.kind}) ${operation.state}: ${operation.problem?.detail ?? 'on request'}`,
    )
  } finally {
    process.off('SIGINT', interrupted)
  }
}

async function waitFor({ client }: CommandCall, id: string): Promise<Operation> {
  let shown = ''
  const started = Date.now()
  for (;;) {
    const operation: Operation = (await client.send('GET', `/operations/${encodeURIComponent(id)}`)).body
    const { done, total } = operation.progress
    const line = `${operation.kind}: ${operation.state}${total === null ? '' : `, ${done} of ${total}${rateOf(done, total, started)}`}`
    if (line !== shown && process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line}`)
    shown = line
    if (operation.finished_at !== null) {
      if (process.stderr.isTTY) process.stderr.write('\r\x1b[K')
      return operation
    }
    await sleep(pollInterval)
  }
}

/** `, 350 a second, 12 s left` */
function rateOf(done: number, total: number, started: number): string {
  const rate = done / Math.max(1, (Date.now() - started) / 1_000)
  if (done === 0 || done >= total) return ''
  return `, ${Math.round(rate)} a second, ${Math.ceil((total - done) / rate)} s left`
}

function describe(result: unknown): string {
  if (typeof result !== 'object' || result === null) return ''
  return Object.entries(result)
    .filter(([, value]) => typeof value !== 'object')
    .map(([name, value]) => `${name}: ${value}`)
    .join(', ')
}
