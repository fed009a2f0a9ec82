import * as z from 'zod'
import { text } from '../../shared/http/fields.ts'
import { scopes } from '../routes.ts'

export const nothing = z.strictObject({})

export const slug = z.string().regex(/^[a-z][a-z0-9-]{1,38}[a-z0-9]$/, 'must be a slug')

export const tenantPath = z.strictObject({ slug })

export const keyPath = z.strictObject({ slug, id: z.string().regex(/^[a-z2-7]{12}$/, 'must be the id of a key') })

/** Some of the scopes that the application plane's routes ask for. */
export const scopeList = z
  .array(z.enum(scopes, `must be one of ${scopes.join(', ')}`))
  .min(1)
  .transform((list) => [...new Set(list)])

export const keyName = text(100)
