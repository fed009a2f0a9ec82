import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findFreePort } from '../../local/free-port.ts'

export interface Printed {
  readonly code: number | null
  readonly printed: string
}

/** A reader's terminals: one in which `npm start` serves, and one for everything else, which keeps its variables. */
export interface Terminal {
  /** Runs a command to its end; one that serves until it is ready, in the place of the one before. */
  run(command: string): Promise<Printed>
  /** A file's text, with the ports that are really served. */
  toHere(text: string): string
  /** Ends what serves, as Ctrl-C does. */
  close(): Promise<void>
}

/** What serves until Ctrl-C. */
const serving = /^(?:npm ci && )?npm (start|run dev)(?: -- (.*))?$/
const ready = /Watching functions|Stop with Ctrl-C\./

/** What npx does with the project's own command, without the second that npm takes to find it. */
const npx = 'npx() { if [[ $1 == atrium ]]; then shift; node cli/atrium.mjs "$@"; else command npx "$@"; fi; }'

/** The ports of the pages may be taken by whatever else runs here: others are put in their place, and back in what is printed. */
export async function openTerminal(folder: string): Promise<Terminal> {
  const ports = new Map([
    ['3000', String(await findFreePort())],
    ['3443', String(await findFreePort())],
  ])
  const toHere = (text: string) => text.replace(/\b(?:3000|3443)\b/g, (port) => ports.get(port) ?? port)
  const toPage = (text: string) => [...ports].reduce((told, [page, here]) => told.replaceAll(here, page), text)
  const state = join(folder, '.terminal')
  writeFileSync(join(folder, '.curlrc'), 'silent\n')
  let server: ChildProcess | undefined

  const runToEnd = async (command: string): Promise<Printed> => {
    const script = `${npx}; set -a; [ ! -f ${state} ] || . ${state}; ${command}\ncode=$?; export -p > ${state}; exit $code`
    // To a file curl tells of its progress, to a terminal not.
    const env = { ...process.env, CURL_HOME: folder }
    const child = spawn('bash', ['-c', script], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] })
    const text = collect(child)
    const [code] = await once(child, 'close')
    return { code, printed: text() }
  }

  const serve = async (script: string, words: string): Promise<Printed> => {
    await stop()
    const own = [
      '--port',
      ports.get('3000') ?? '',
      ...(words.includes('--https') ? ['--https-port', ports.get('3443') ?? ''] : []),
    ]
    const args = [...script.split(' '), '--', ...words.split(' ').filter(Boolean), ...own]
    const child = spawn('npm', args, { cwd: folder, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
    server = child
    return new Promise((resolve) => {
      const text = collect(child, () => ready.test(text()) && resolve({ code: 0, printed: text() }))
      child.once('close', (code) => resolve({ code, printed: text() }))
    })
  }

  const stop = async () => {
    const stopping = server
    server = undefined
    if (stopping?.pid === undefined || stopping.exitCode !== null) return
    const closed = once(stopping, 'close')
    process.kill(-stopping.pid, 'SIGINT')
    await closed
  }

  return {
    async run(command) {
      const [, script, words = ''] = serving.exec(command) ?? []
      const { code, printed } = await (script === undefined ? runToEnd(toHere(command)) : serve(script, words))
      return { code, printed: toPage(printed) }
    },
    toHere,
    close: stop,
  }
}

function collect({ stdout, stderr }: ChildProcess, onMore: () => void = () => undefined): () => string {
  let text = ''
  for (const stream of [stdout, stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
      onMore()
    })
  }
  return () => text
}
