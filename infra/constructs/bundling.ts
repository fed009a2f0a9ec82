import { fileURLToPath } from 'node:url'
import type { CfnFunction, IFunction } from 'aws-cdk-lib/aws-lambda'
import { type BundlingOptions, type ICommandHooks, OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs'

/** A path of the project. */
export const project = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url))

const copyMigrations: ICommandHooks = {
  beforeBundling: () => [],
  beforeInstall: () => [],
  afterBundling: (input, output) => [`cp -r "${input}/shared/db/migrations" "${output}/migrations"`],
}

/** How a function's code is bundled; with the migrations' SQL beside it where the code reads them. */
export function bundling(options: { readonly withMigrations: boolean }): BundlingOptions {
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
    ...(options.withMigrations ? { commandHooks: copyMigrations } : {}),
    // pg is CommonJS and requires Node's own modules.
    banner: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);",
  }
}

/** Says in the template which file a function was bundled from, for the local gateway that bundles it anew. */
export function noteEntry(bundled: IFunction, entry: string): void {
  const resource = bundled.node.defaultChild as CfnFunction
  resource.addMetadata('atrium:entry', entry)
}
