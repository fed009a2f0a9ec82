import { afterEach, expect } from 'vitest'
import { collectLogLines, takeLogLines } from './log-lines.ts'
import { openedPools } from './stage.ts'

collectLogLines()

afterEach(() => {
  takeLogLines()
  const out = openedPools().reduce((sum, pools) => sum + pools.checkedOut(), 0)
  expect(out, 'clients left checked out').toBe(0)
})
