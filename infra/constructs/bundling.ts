import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { AssetHashType, DockerImage } from 'aws-cdk-lib'
import { type AssetCode, type CfnFunction, Code, type IFunction } from 'aws-cdk-lib/aws-lambda'
import { pageFiles } from '../../functions/docs/page-files.ts'

/** A path of the project. */
export const project = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url))

/** What stands beside a bundle, by its place there, and where it comes from in the project. */
export type BundledFiles = Readonly<Record<string, string>>

export const migrationFiles: BundledFiles = { migrations: 'shared/db/migrations' }

/** Files of single functions of the application plane, by their folder. */
export const filesOfFunctions: Readonly<Record<string, BundledFiles>> = {
  docs: Object.fromEntries(Object.entries(pageFiles).map(([name, path]) => [`files/${name}`, path])),
}

/**
 * A function's code, bundled from a file of the project by infra/bundling, with what comes beside it. CDK's own NodejsFunction
 * takes no plugins of esbuild, which the bundles' size and cold start are owed to.
 */
export function bundledCode(entry: string, files: BundledFiles = {}): AssetCode {
  const command = [project('infra/bundling/bundle-command.ts'), entry]
  return Code.fromAsset(project('.'), {
    assetHashType: AssetHashType.OUTPUT,
    bundling: {
      image: DockerImage.fromRegistry('unused'),
      // Not run, but what CDK tells one bundle from another by, when it looks for one that it has made before.
      command: [...command, JSON.stringify(files)],
      local: {
        tryBundle(folder) {
          execFileSync(process.execPath, [...command, folder], { stdio: ['ignore', process.stderr, process.stderr] })
          for (const [place, path] of Object.entries(files)) {
            mkdirSync(dirname(join(folder, place)), { recursive: true })
            cpSync(project(path), join(folder, place), { recursive: true })
          }
          return true
        },
      },
    },
  })
}

/** Says in the template which file a function was bundled from, for the local gateway that bundles it anew. */
export function noteEntry(bundled: IFunction, entry: string): void {
  const resource = bundled.node.defaultChild as CfnFunction
  resource.addMetadata('atrium:entry', entry)
}
