import * as z from 'zod'

/** A slug as it stands in a path; whether there is such a tenant is the catalog's to say. */
export const tenantPath = z.strictObject({ slug: z.string().regex(/^[a-z][a-z0-9-]{1,38}[a-z0-9]$/, 'must be a slug') })

export const nothing = z.strictObject({})
