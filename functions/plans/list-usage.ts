import * as z from 'zod'
import { copyAllUsage } from '../../shared/control/collect-usage.ts'
import { type Days, listDailyUsage, listUsage as listUsageSums } from '../../shared/control/list-usage.ts'
import { AppError } from '../../shared/errors.ts'
import { ok } from '../../shared/http/answer.ts'
import { operatorEndpoint } from '../../shared/http/endpoint.ts'
import { pageQuery, toPage } from '../../shared/http/paging.ts'
import { nothing, tenantPath } from '../tenants/tenant-fields.ts'

const day = z.iso.date({ error: 'must be a day such as "2026-11-01"' })
/** Both inclusive, in UTC; this month unless said otherwise. */
const days = { from: day.optional(), to: day.optional() }

export const listUsageRequest = z.strictObject({ path: nothing, query: z.strictObject({ ...pageQuery, ...days }) })
export const listTenantUsageRequest = z.strictObject({ path: tenantPath, query: z.strictObject(days) })

/** Milliseconds for the placements to say what the functions have said; those that come no more are told as of five minutes ago. */
const patience = 5_000

export const listUsage = operatorEndpoint({
  request: listUsageRequest,
  async handle({ control }, { query: { limit, cursor = '0', ...asked } }) {
    const range = toRange(asked)
    if (cursor === '0') await copyAllUsage(control, patience)
    const rows = await listUsageSums(control, range, { after: cursor, limit: limit + 1 })
    return ok({ ...range, ...toPage(rows, limit) })
  },
})

export const listTenantUsage = operatorEndpoint({
  request: listTenantUsageRequest,
  async handle({ control }, { path: { slug }, query }) {
    const range = toRange(query)
    await copyAllUsage(control, patience)
    return ok({ ...range, tenant: slug, items: await listDailyUsage(control, slug, range) })
  },
})

function toRange({ from, to }: { readonly from?: string | undefined; readonly to?: string | undefined }): Days {
  const today = new Date().toISOString().slice(0, 10)
  const last = to ?? today
  const range = { from: from ?? `${last.slice(0, 8)}01`, to: last }
  if (range.from > range.to) throw new AppError('invalid_request', `from is ${range.from}, after to, ${range.to}.`)
  return range
}
