import { fork } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { heapOptions, lambdaHeap } from '../local/gateway/lambda-heap.ts'
import { type Invocation, nextAnswer } from '../local/gateway/process-messages.ts'
import { projectFolder } from '../test/support/project-folder.ts'

/** A function instance: a bundle in a process of its own. */
export interface Instance {
  /** Throws for an answer of 400 or above. */
  run(event: unknown): Promise<void>
  /** MiB of the process that are in memory (RSS); by /proc, and so on Linux alone. */
  memory(): number
  stop(): void
}

const likeLambda = lambdaHeap(512)

/** Starts an instance on the code of a folder, with as large a heap as Lambda gives one of 512 MiB, or a smaller young generation. */
export function startInstance(
  code: string,
  environment: Readonly<Record<string, string>>,
  semiSpaceMiB = likeLambda.semiSpaceMiB,
): Instance {
  const child = fork(join(projectFolder, 'local/gateway/function-process.ts'), [join(code, 'index.mjs'), 'handler'], {
    env: { ...environment, TZ: ':UTC' },
    execArgv: heapOptions({ ...likeLambda, semiSpaceMiB }),
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  return {
    async run(event) {
      const answered = nextAnswer(child)
      child.send({ event, requestId: 'bench', timeout: 30_000 } satisfies Invocation)
      const { outcome } = await answered
      const status = 'result' in outcome ? (outcome.result as { statusCode: number }).statusCode : outcome
      if (typeof status !== 'number' || status >= 400) throw new Error(`the answer was ${JSON.stringify(status)}`)
    },
    memory() {
      const [, kibibytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8')) ?? []
      return Number(kibibytes) / 1_024
    },
    stop: () => void child.kill('SIGKILL'),
  }
}
