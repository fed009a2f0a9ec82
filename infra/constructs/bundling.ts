import { fileURLToPath } from 'node:url'
import { AssetHashType, DockerImage } from 'aws-cdk-lib'
import { type AssetCode, type CfnFunction, Code, type IFunction } from 'aws-cdk-lib/aws-lambda'
import { bundleWaiting } from '../bundling/bundle-waiting.ts'
import type { BundledFiles } from '../bundling/bundled-files.ts'

/** A path of the project. */
export const project = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url))

/**
 * A function's code, bundled from a file of the project by infra/bundling, with what comes beside it. CDK's own NodejsFunction
 * takes no plugins of esbuild, which the bundles' size and cold start are owed to.
 */
export function bundledCode(entry: string, files: BundledFiles = {}): AssetCode {
  return Code.fromAsset(project('.'), {
    assetHashType: AssetHashType.OUTPUT,
    bundling: {
      image: DockerImage.fromRegistry('unused'),
      // Not run, but what CDK tells one bundle from another by, when it looks for one that it has made before.
      command: [entry, JSON.stringify(files)],
      local: {
        tryBundle(folder) {
          bundleWaiting(entry, folder, files)
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
