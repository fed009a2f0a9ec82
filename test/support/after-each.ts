import { afterEach, expect } from 'vitest'
import { openedPools } from './stage.ts'

afterEach(() => {
  const out = openedPools().reduce((sum, pools) => sum + pools.checkedOut(), 0)
  expect(out, 'clients left checked out').toBe(0)
})
