import { createControlHandler } from '../../shared/http/create-control-handler.ts'
import type { ControlEndpointsOf } from '../control-routes.ts'
import { addDomain } from './add-domain.ts'
import { listAllDomains, listDomains } from './list-domains.ts'
import { removeDomain } from './remove-domain.ts'
import { showDomain } from './show-domain.ts'
import { verifyDomain } from './verify-domain.ts'

const endpoints: ControlEndpointsOf<'domains'> = {
  'GET /domains': listAllDomains,
  'GET /tenants/{slug}/domains': listDomains,
  'POST /tenants/{slug}/domains': addDomain,
  'GET /tenants/{slug}/domains/{domain}': showDomain,
  'DELETE /tenants/{slug}/domains/{domain}': removeDomain,
  'POST /tenants/{slug}/domains/{domain}/verify': verifyDomain,
}

export const handler = createControlHandler(endpoints)
