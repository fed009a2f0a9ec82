import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { projectFolder } from '../support/project-folder.ts'
import { guards } from './guards.ts'

/** Each can be taken out: `npm run test:guards`, which does it, takes minutes. */
it.each(guards)(
  '$name stands once where it is said to, and its tests are there',
  ({ file, without: [from], tests }) => {
    expect(readFileSync(join(projectFolder, file), 'utf8').split(from)).toHaveLength(2)
    expect(tests.filter((test) => !existsSync(join(projectFolder, test)))).toEqual([])
  },
)
