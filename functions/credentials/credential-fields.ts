import * as z from 'zod'
import { text } from '../../shared/http/fields.ts'
import { scopes } from '../routes.ts'
import { tenantPath } from '../tenants/tenant-fields.ts'

export const keyPath = tenantPath.extend({ id: z.string().regex(/^[a-z2-7]{12}$/, 'must be the id of a key') })

/** Some of the scopes that the application plane's routes ask for. */
export const scopeList = z
  .array(z.enum(scopes, `must be one of ${scopes.join(', ')}`))
  .min(1)
  .transform((list) => [...new Set(list)])

export const keyName = text(100)
