import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

/**
 * Makes what checks the types of `functions/` and `shared/` alone, remembering in `folder` what it found before. Each check
 * answers the compiler's errors, empty when there are none.
 */
export function createTypeCheck(project: string, folder: string): () => Promise<string> {
  const config = join(folder, 'tsconfig.json')
  const compilerOptions = {
    ...{ incremental: true, tsBuildInfoFile: join(folder, 'types.tsbuildinfo') },
    typeRoots: [join(project, 'node_modules/@types')],
  }
  const include = [join(project, 'functions'), join(project, 'shared')]
  writeFileSync(config, JSON.stringify({ extends: join(project, 'tsconfig.json'), compilerOptions, include }))
  const compiler = createRequire(join(project, 'package.json')).resolve('typescript/package.json')

  return async () => {
    const args = [join(compiler, '../bin/tsc'), '-p', config, '--pretty', 'false']
    const child = spawn(process.execPath, args, { cwd: project, stdio: ['ignore', 'pipe', 'inherit'] })
    const [[code], printed] = await Promise.all([once(child, 'close'), text(child.stdout)])
    return code === 0 ? '' : printed.trim() || `the compiler ended with ${code}`
  }
}
