import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { removeCluster } from '../../local/postgres/cluster.ts'
import { copyProject } from '../support/copy-project.ts'
import { followed, followPage } from './follow-page.ts'
import { openTerminal, type Terminal } from './terminal.ts'

/** Every page, followed to the letter by a reader who has a copy of the project of his own. */
let folder: string
let terminal: Terminal

beforeAll(async () => {
  folder = copyProject()
  terminal = await openTerminal(folder)
})
afterAll(async () => {
  await startAnew()
  rmSync(folder, { recursive: true, force: true })
})

async function startAnew(): Promise<void> {
  await terminal.close()
  await removeCluster(join(folder, '.atrium'))
  rmSync(join(folder, '.atrium'), { recursive: true, force: true })
}

it.each(followed)('%s says what happens', async (page) => {
  // What these two show needs data that nobody has changed.
  if (page === 'docs/operations.md' || page === 'docs/first-hour.md') await startAnew()
  if (page === 'docs/operations.md') {
    const { code, printed } = await terminal.run('npm start')
    expect(code, printed).toBe(0)
  }
  expect(await followPage(page, folder, terminal)).toEqual([])
})
