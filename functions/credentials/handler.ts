import { createControlHandler } from '../../shared/http/create-control-handler.ts'
import type { ControlEndpointsOf } from '../control-routes.ts'
import { addIssuer } from './add-issuer.ts'
import { createKey } from './create-key.ts'
import { listIssuers } from './list-issuers.ts'
import { listKeys } from './list-keys.ts'
import { removeIssuer } from './remove-issuer.ts'
import { revokeKey } from './revoke-key.ts'
import { rotateKey } from './rotate-key.ts'

const endpoints: ControlEndpointsOf<'credentials'> = {
  'GET /tenants/{slug}/keys': listKeys,
  'POST /tenants/{slug}/keys': createKey,
  'DELETE /tenants/{slug}/keys/{id}': revokeKey,
  'POST /tenants/{slug}/keys/{id}/rotate': rotateKey,
  'GET /tenants/{slug}/issuers': listIssuers,
  'POST /tenants/{slug}/issuers': addIssuer,
  'DELETE /tenants/{slug}/issuers/{id}': removeIssuer,
}

export const handler = createControlHandler(endpoints)
