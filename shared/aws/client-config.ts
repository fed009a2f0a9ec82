import { NodeHttpHandler, type NodeHttpHandlerOptions } from '@smithy/node-http-handler'
import { defaultProvider } from './environment-credentials.ts'

/**
 * What a client of the SDK is told, so that it looks up nothing by itself: each setting that is left to the SDK is searched
 * for in files under the home directory, of which a function has none. Region, credentials and endpoints come by the
 * variables that Lambda and the local gateway set. Read when the client is made.
 */
export function clientConfig(service: 'SECRETS_MANAGER' | 'LAMBDA', timeouts: NodeHttpHandlerOptions) {
  const { [`AWS_ENDPOINT_URL_${service}`]: ofService, AWS_ENDPOINT_URL: ofAll, AWS_REGION: region = '' } = process.env
  const host = `${service.toLowerCase().replace('_', '')}.${region}.${suffixOf(region)}`
  const url = new URL(ofService || ofAll || `https://${host}`)
  return {
    region,
    // The SDK's own rules are 14 KB, and come to the same. In a VPC the endpoint's private DNS answers for this name.
    endpointProvider: () => ({ url }),
    credentials: defaultProvider(),
    requestHandler: new NodeHttpHandler(timeouts),
    // What wire-protocol.ts sends is text.
    bodyLengthChecker: (body: string) => Buffer.byteLength(body),
    maxAttempts: 3,
    retryMode: 'standard',
    defaultsMode: 'standard' as const,
    ignoreConfiguredEndpointUrls: true,
    useDualstackEndpoint: false,
    useFipsEndpoint: false,
    authSchemePreference: [],
    userAgentAppId: '',
    defaultUserAgentProvider: async (): Promise<[string, string][]> => [['md/nodejs', process.versions.node]],
  }
}

/** Of the partitions that everybody can have; another's hosts are told by AWS_ENDPOINT_URL. */
function suffixOf(region: string): string {
  if (region.startsWith('cn-')) return 'amazonaws.com.cn'
  return region.startsWith('eusc-') ? 'amazonaws.eu' : 'amazonaws.com'
}
