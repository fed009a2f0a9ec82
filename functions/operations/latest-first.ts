import * as z from 'zod'
import { pageQuery } from '../../shared/http/paging.ts'

/** The request of a list whose latest rows come first: `cursor` leads to older ones. */
export const latestFirstRequest = z.strictObject({ path: z.strictObject({}), query: z.strictObject(pageQuery) })
