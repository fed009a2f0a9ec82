import { withOwnerTransaction } from '../../shared/db/owner-transaction.ts'
import type { ControlPlane } from '../../shared/tenancy/control-plane.ts'

export interface DemoTenant {
  readonly slug: string
  readonly name: string
  readonly url: string
}

/** The tenants there are, each with the address that its name under `localhost` gives it. */
export async function listDemoTenants({ pools, catalog }: ControlPlane, url: string): Promise<DemoTenant[]> {
  const { rows } = await withOwnerTransaction(pools, catalog, (client) =>
    client.query<{ slug: string; name: string }>('SELECT t.slug, t.name FROM catalog.tenants t ORDER BY t.slug'),
  )
  return rows.map(({ slug, name }) => ({ slug, name, url: url.replace('localhost', `${slug}.localhost`) }))
}
