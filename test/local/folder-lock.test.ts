import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { isFolderLocked, lockFolder } from '../../local/folder-lock.ts'

const lockModule = fileURLToPath(new URL('../../local/folder-lock.ts', import.meta.url))

it('is held by one at a time, and free again when it is released', async () => {
  const folder = `/nowhere/${process.pid}`
  const results = await Promise.all(Array.from({ length: 5 }, () => lockFolder(folder)))
  const held = results.filter((lock) => lock !== undefined)
  expect(held).toHaveLength(1)
  expect(await isFolderLocked(folder)).toBe(true)
  expect(await isFolderLocked(`${folder}/other`)).toBe(false)
  held[0]?.release()
  expect(await isFolderLocked(folder)).toBe(false)
  const again = await lockFolder(folder)
  expect(again).toBeDefined()
  again?.release()
})

it('ends with the process that holds it, however that ends', async () => {
  const folder = `/elsewhere/${process.pid}`
  const code = `const { lockFolder } = await import(${JSON.stringify(lockModule)})
    await lockFolder(${JSON.stringify(folder)}); console.log('held'); setInterval(() => {}, 1000)`
  const holder = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(holder.stdout, 'data')
  expect(await lockFolder(folder)).toBeUndefined()
  holder.kill('SIGKILL')
  await once(holder, 'exit')
  const lock = await lockFolder(folder)
  expect(lock).toBeDefined()
  lock?.release()
})
