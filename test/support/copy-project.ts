import { execFileSync } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, mkdtempSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { projectFolder } from './project-folder.ts'

/** A copy of the tree as a clone would have it, packages installed. */
export function copyProject(): string {
  const folder = mkdtempSync(join(tmpdir(), 'atrium-copy-'))
  chmodSync(folder, 0o711) // root's server runs as another user
  const git = (...args: string[]) => execFileSync('git', args, { cwd: projectFolder, encoding: 'utf8' })
  const files = git('ls-files', '--cached', '--others', '--exclude-standard', '--deduplicate').trim().split('\n')
  const gone = new Set(git('ls-files', '--deleted').trim().split('\n'))
  for (const file of files.filter((each) => !gone.has(each))) {
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    cpSync(join(projectFolder, file), join(folder, file))
  }
  for (const packages of ['node_modules', 'client/node_modules']) {
    symlinkSync(join(projectFolder, packages), join(folder, packages))
  }
  // The linter takes from git what it is to leave out.
  execFileSync('git', ['init', '--quiet'], { cwd: folder })
  return folder
}
