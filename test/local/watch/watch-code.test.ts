import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createFunctionPool, type RenewablePool } from '../../../local/gateway/function-pool.ts'
import { type CodeWatch, watchCode } from '../../../local/watch/watch-code.ts'

/** A small project of its own: one function, and something shared that it says. */
let project: string
let pool: RenewablePool
let watching: CodeWatch
/** What the watch has told, in order: `live`, or a problem. */
let told: string[]
let tell: () => void

const root = fileURLToPath(new URL('../../..', import.meta.url))
const shared = (word: string) => `export const word: string = ${word}\n`

function write(file: string, content: string): void {
  writeFileSync(join(project, file), content)
}

beforeEach(async () => {
  project = mkdtempSync(join(tmpdir(), 'atrium-watch-'))
  for (const folder of ['functions', 'shared/db/migrations', 'old'])
    mkdirSync(join(project, folder), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(project, 'node_modules'))
  symlinkSync(join(root, 'tsconfig.json'), join(project, 'tsconfig.json'))
  write('package.json', '{"type":"module"}')
  write('shared/word.ts', shared("'one'"))
  write(
    'functions/say.ts',
    `import { existsSync } from 'node:fs'
     import { word } from '../shared/word.ts'
     export const handler = async (fileToAwait: string | null) => {
       while (fileToAwait !== null && !existsSync(fileToAwait)) await new Promise((resolve) => setTimeout(resolve, 10))
       return word
     }`,
  )
  write('old/index.mjs', "export const handler = async () => 'old'")
  pool = createFunctionPool(
    {
      ...{ id: 'Say', construct: 'Say', path: 'Stack/Say', entry: 'functions/say.ts', code: join(project, 'old') },
      ...{ handler: 'index.handler', environment: {}, timeoutSeconds: 30, memoryMiB: 128 },
    },
    { environment: {}, output: new PassThrough().resume() },
  )
  told = []
  watching = await watchCode({
    ...{
      project,
      folder: join(project, 'watch'),
      functions: [pool],
      build: { format: 'esm' },
      files: { migrations: 'shared/db/migrations' },
    },
    onLive: () => hear('live'),
    onProblem: hear,
  })
})
afterEach(async () => {
  await watching.close()
  await pool.stop()
  rmSync(project, { recursive: true })
})

function hear(what: string): void {
  told.push(what)
  tell?.()
}

/** Waits until the watch has told something that matches. */
async function untilTold(pattern: RegExp): Promise<void> {
  while (!told.some((each) => pattern.test(each))) {
    await new Promise<void>((resolve) => {
      tell = resolve
    })
  }
  told = []
}

it('brings a change live, what is under way ends on the code that it began on', async () => {
  expect(await pool.invoke(null)).toEqual({ result: 'old' })
  write('shared/word.ts', shared("'two'"))
  await untilTold(/^live$/)
  expect(await pool.invoke(null)).toEqual({ result: 'two' })

  const slow = pool.invoke(join(project, 'go'))
  write('shared/word.ts', shared("'three'"))
  await untilTold(/^live$/)
  expect(await pool.invoke(null)).toEqual({ result: 'three' })
  write('go', '')
  expect(await slow).toEqual({ result: 'two' })
})

it.each([
  ['of types', shared('1'), /shared\/word\.ts.*TS2322/],
  ['of syntax', 'export const word: string =', /shared\/word\.ts/],
])('an error %s is told, and the last good code goes on until it is mended', async (_, wrong, message) => {
  write('shared/word.ts', shared("'two'"))
  await untilTold(/^live$/)
  write('shared/word.ts', wrong)
  await untilTold(message)
  expect(await pool.invoke(null)).toEqual({ result: 'two' })

  write('shared/word.ts', shared("'three'"))
  await untilTold(/^live$/)
  expect(await pool.invoke(null)).toEqual({ result: 'three' })
})
