import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { CfnFunction, IFunction } from 'aws-cdk-lib/aws-lambda'
import { type BundlingOptions, type ICommandHooks, OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs'
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

function copy(files: BundledFiles): ICommandHooks {
  return {
    beforeBundling: () => [],
    beforeInstall: () => [],
    afterBundling: (input, output) =>
      Object.entries(files).flatMap(([place, path]) => [
        `mkdir -p "${dirname(`${output}/${place}`)}"`,
        `cp -r "${input}/${path}" "${output}/${place}"`,
      ]),
  }
}

/** How a function's code is bundled, and what comes beside it. */
export function bundling(files: BundledFiles = {}): BundlingOptions {
  return {
    format: OutputFormat.ESM,
    target: 'node24',
    mainFields: ['module', 'main'],
    minify: true,
    sourceMap: true,
    sourcesContent: false,
    // Ours is the version that was tested; the runtime's changes without a deployment.
    bundleAwsSDK: true,
    externalModules: ['pg-native'],
    ...(Object.keys(files).length === 0 ? {} : { commandHooks: copy(files) }),
    // pg is CommonJS and requires Node's own modules.
    banner: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);",
  }
}

/** Says in the template which file a function was bundled from, for the local gateway that bundles it anew. */
export function noteEntry(bundled: IFunction, entry: string): void {
  const resource = bundled.node.defaultChild as CfnFunction
  resource.addMetadata('atrium:entry', entry)
}
