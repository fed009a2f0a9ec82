import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Plugin } from 'esbuild'

interface LeftOut {
  /** The module as it is imported, and the files that import it so. */
  readonly path: RegExp
  readonly importer: RegExp
  /** The module that takes its place. */
  readonly instead: string
}

/** Exports that nobody calls. */
const uncalled = (...names: string[]): string =>
  names
    .map((name) => `export const ${name} = () => { throw new Error('${name} is left out of the bundle') }\n`)
    .join('')

/**
 * What our functions load of their packages and never call, each with what takes its place. A package that comes to export
 * something else here fails the build; one that imports it otherwise, test/infra/bundles.test.ts.
 */
const leftOut: readonly LeftOut[] = [
  {
    // Every way to credentials but the environment, where Lambda puts them: 90 KB.
    path: /^@aws-sdk\/credential-provider-node$/,
    importer: /@aws-sdk\//,
    instead: `export { defaultProvider } from '${fileURLToPath(new URL('../../shared/aws/environment-credentials.ts', import.meta.url))}'`,
  },
  {
    // Settings that are looked for in files under the home directory: a function has its environment alone.
    path: /^\.\/fromSharedConfigFiles$/,
    importer: /@smithy\/core\/dist-es\/submodules\/config\/node-config-provider\//,
    instead: `export const fromSharedConfigFiles = () => async () => {
      throw Object.assign(new Error('no files are read'), { tryNextLink: true })
    }`,
  },
  {
    // Defaults of what shared/aws/client-config.ts says: they bring the loaders of every default with them.
    path: /^\.\/runtimeConfig$/,
    importer: /@aws-sdk\/client-(?:secrets-manager|lambda)\/dist-es\/\w+Client\.js$/,
    instead: `import { getRuntimeConfig as shared } from './runtimeConfig.shared'
    export const getRuntimeConfig = (config) => ({ ...shared(config), runtime: 'node', ...config })`,
  },
  {
    // The codec of every shape of the service's model: shared/aws/wire-protocol.ts is instead of it.
    path: /^@aws-sdk\/core\/protocols$/,
    importer: /@aws-sdk\/client-(?:secrets-manager|lambda)\/dist-es\/runtimeConfig\.shared\.js$/,
    instead: uncalled('AwsJson1_1Protocol', 'AwsRestJsonProtocol'),
  },
  {
    // The schemas of its errors, which the codec makes classes of.
    path: /^\.\/schemas\/schemas_0$/,
    importer: /@aws-sdk\/client-(?:secrets-manager|lambda)\/dist-es\/runtimeConfig\.shared\.js$/,
    instead: 'export const errorTypeRegistries = []',
  },
  {
    // The schemas of all operations and errors, of which our wire goes by the operation's name.
    path: /^\.\.\/schemas\/schemas_0$/,
    importer: /@aws-sdk\/client-(?:secrets-manager|lambda)\/dist-es\/commands\/(?:GetSecretValue|Invoke)Command\.js$/,
    instead: ['GetSecretValue', 'Invoke']
      .map((name) => `export const ${name}$ = [9, 'atrium', '${name}', 0, () => 'unit', () => 'unit']\n`)
      .join(''),
  },
  {
    // What the client's log would show of an operation: it is given none.
    path: /^(?:\.\/schemaLogFilter|@smithy\/core\/schema)$/,
    importer: /\/smithy-client\/command\.js$/,
    instead: `export const schemaLogFilter = () => undefined
    export const NormalizedSchema = { of: () => ({ getEventStreamMember: () => '' }) }`,
  },
  {
    // A second concurrent event in one process, which the runtime of ours does not have; the trace is in the environment.
    path: /^@aws\/lambda-invoke-store$/,
    importer: /@aws-sdk\/core\//,
    instead: 'export const InvokeStore = { getInstanceAsync: async () => undefined }',
  },
  {
    // Streams of events, which no operation of ours has.
    path: /^@smithy\/core\/event-streams$/,
    importer: /(?:\/client-lambda\/dist-es\/LambdaClient|\/protocols\/HttpProtocol)\.js$/,
    instead: `export const resolveEventStreamSerdeConfig = (config) => config\n${uncalled('EventStreamSerde')}`,
  },
  {
    // Signs each message of such a stream.
    path: /^\.\/HeaderFormatter$/,
    importer: /@smithy\/signature-v4\//,
    instead: 'export class HeaderFormatter {}',
  },
  {
    // The rules and tables of every region's hosts: shared/aws/client-config.ts says which is ours.
    path: /^\.\/endpoint\/endpointResolver$/,
    importer: /@aws-sdk\/client-(?:secrets-manager|lambda)\/dist-es\/runtimeConfig\.shared\.js$/,
    instead: uncalled('defaultEndpointResolver'),
  },
  {
    // It alone would bring the same tables for the name that the client gives itself.
    path: /\/util-endpoints\/lib\/aws\/partition$/,
    importer: /\/middleware-user-agent\//,
    instead: "export const getUserAgentPrefix = () => ''",
  },
  {
    // The name of every region: their hosts go by a partition's pattern.
    path: /^\.\/partitions$/,
    importer: /\/util-endpoints\/lib\/aws\/partition\.js$/,
    instead: `export const partitionsInfo = ${partitionsWithoutRegions()}`,
  },
  {
    // A parser of dates for Retry-After, which Date reads as well (RFC 7231, 7.1.1.1).
    path: /^@smithy\/core\/serde$/,
    importer: /\/retry\/middleware-retry\/parseRetryAfterHeader\.js$/,
    instead: 'export const parseRfc7231DateTime = (text) => new Date(text)',
  },
  {
    // A retry mode that no client is told.
    path: /AdaptiveRetryStrategy$/,
    importer: /@smithy\/core\/dist-es\/submodules\/retry\//,
    instead: uncalled('AdaptiveRetryStrategy'),
  },
  {
    // SHA-256 for where Node was built without OpenSSL.
    path: /^\.\/Sha256Js$/,
    importer: /@smithy\/core\/dist-es\/submodules\/checksum\//,
    instead: uncalled('Sha256Js'),
  },
  {
    // Tells browsers apart, 34 KB.
    path: /^bowser$/,
    importer: /@aws-sdk\/core\//,
    instead: 'export default undefined',
  },
  {
    // libpq, which is not there, a password file, and addresses in one string: pg is given what it needs in parts.
    path: /^(?:\.\/native|pgpass|pg-connection-string)$/,
    importer: /\/pg\/lib\//,
    instead: uncalled('parse'),
  },
  {
    // Values in binary, which pg asks for when it is told to.
    path: /^\.\/lib\/binaryParsers$/,
    importer: /\/pg-types\/index\.js$/,
    instead: 'export const init = () => undefined',
  },
  {
    // Binding SASL to the TLS channel, which pg does when it is told to.
    path: /^\.\/cert-signatures$/,
    importer: /\/pg\/lib\/crypto\//,
    instead: uncalled('signatureAlgorithmHashFromCertificate'),
  },
  {
    // Describes schemas as JSON Schema, which api/openapi-command.ts does before anything is deployed.
    path: /\/json-schema-processors\.js$/,
    importer: /\/zod\/v4\/classic\/schemas\.js$/,
    instead: 'export {}',
  },
  {
    path: /\/to-json-schema\.js$/,
    importer: /\/zod\/v4\/classic\/schemas\.js$/,
    // Made of each schema, and called by none.
    instead: ['ToJSONSchema', 'StandardJSONSchema']
      .map((name) => `export const create${name}Method = () => () => { throw new Error('left out of the bundle') }\n`)
      .join(''),
  },
]

const found = new Set<LeftOut>()

/** What none of the bundles that this process has made imports any more, by its path: it is left out in vain. */
export function leftInVain(): readonly string[] {
  return leftOut.filter((each) => !found.has(each)).map(({ path }) => path.source)
}

/** Replaces what is left out. */
export const leaveOut: Plugin = {
  name: 'leave-out',
  setup(build) {
    for (const each of leftOut) {
      build.onResolve({ filter: each.path }, ({ path, importer, resolveDir }) => {
        if (!each.importer.test(importer)) return undefined
        found.add(each)
        const pluginData = { instead: each.instead, resolveDir }
        return { path: `${importer}:${path}`, namespace: 'instead', pluginData, sideEffects: false }
      })
    }
    build.onLoad({ filter: /./, namespace: 'instead' }, ({ pluginData: { instead, resolveDir } }) => ({
      contents: instead,
      resolveDir,
    }))
  },
}

/** From the package's own table, which is JSON behind its one export. */
function partitionsWithoutRegions(): string {
  const path = '../../node_modules/@aws-sdk/core/dist-es/submodules/client/util-endpoints/lib/aws/partitions.js'
  const text = readFileSync(new URL(path, import.meta.url), 'utf8')
  const { partitions } = JSON.parse(text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1))
  return JSON.stringify({ partitions: partitions.map((each: object) => ({ ...each, regions: {} })) })
}
