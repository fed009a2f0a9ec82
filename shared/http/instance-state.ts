import { createKeyUses } from '../tenancy/note-key-use.ts'
import { createRateLeases } from '../tenancy/rate-leases.ts'
import { createUsageCounts } from '../tenancy/usage-counts.ts'

/** What this function instance keeps of tenants from one request to the next, and says along with their work. */
export const keyUses = createKeyUses()
export const rateLeases = createRateLeases()
export const usageCounts = createUsageCounts()
