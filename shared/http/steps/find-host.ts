import { readEnvironment } from '../../environment.ts'
import { originSecretHeader, viewerHostHeader } from '../../origin-headers.ts'
import { createOriginSecrets, type OriginSecrets } from '../origin-secret.ts'
import type { Step } from '../request-state.ts'

let secrets: OriginSecrets | undefined

/**
 * Finds the host that was called. API Gateway says so, except behind our own CDN, which says it in a header: that is believed
 * together with the CDN's secret alone. Whoever else sends the header might as well not have.
 */
export function findHost(): Step {
  return {
    async before({ event, context: { state } }) {
      state.host = event.requestContext.domainName
      const sent = event.headers[originSecretHeader]
      const { ORIGIN_SECRET } = readEnvironment()
      if (sent === undefined || ORIGIN_SECRET === undefined) return
      secrets ??= createOriginSecrets(ORIGIN_SECRET)
      if (await secrets.isOurs(sent)) state.host = event.headers[viewerHostHeader] ?? state.host
    },
  }
}
