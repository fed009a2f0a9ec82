import { createControlHandler } from '../../shared/http/create-control-handler.ts'
import type { ControlEndpointsOf } from '../control-routes.ts'
import { changeTenant } from './change-tenant.ts'
import { createTenant } from './create-tenant.ts'
import { createUpload } from './create-upload.ts'
import { deleteTenant } from './delete-tenant.ts'
import { exportTenant } from './export-tenant.ts'
import { getTenant } from './get-tenant.ts'
import { importTenant } from './import-tenant.ts'
import { listTenants } from './list-tenants.ts'
import { moveTenant } from './move-tenant.ts'
import { restoreTenant } from './restore-tenant.ts'
import { resumeTenant } from './resume-tenant.ts'
import { suspendTenant } from './suspend-tenant.ts'

const endpoints: ControlEndpointsOf<'tenants'> = {
  'GET /tenants': listTenants,
  'POST /tenants': createTenant,
  'GET /tenants/{slug}': getTenant,
  'PATCH /tenants/{slug}': changeTenant,
  'DELETE /tenants/{slug}': deleteTenant,
  'POST /tenants/{slug}/suspend': suspendTenant,
  'POST /tenants/{slug}/resume': resumeTenant,
  'POST /tenants/{slug}/restore': restoreTenant,
  'POST /tenants/{slug}/move': moveTenant,
  'POST /tenants/{slug}/export': exportTenant,
  'POST /uploads': createUpload,
  'POST /imports': importTenant,
}

export const handler = createControlHandler(endpoints)
