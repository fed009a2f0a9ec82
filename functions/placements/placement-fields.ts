import * as z from 'zod'

export const placementName = z.string().regex(/^[a-z][a-z0-9-]{0,38}$/, 'must be the name of a placement')
