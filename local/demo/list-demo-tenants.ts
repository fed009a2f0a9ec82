import { withOwnerTransaction } from '../../shared/db/owner-transaction.ts'
import type { ControlPlane } from '../../shared/tenancy/control-plane.ts'

export interface DemoTenant {
  readonly slug: string
  readonly name: string
  readonly url: string
}

/** The tenants there are, each with the address that its `<slug>.localhost` domain gives it. */
export async function listDemoTenants({ pools, catalog }: ControlPlane, url: string): Promise<DemoTenant[]> {
  const { rows } = await withOwnerTransaction(pools, catalog, (client) =>
    client.query<{ slug: string; name: string; domain: string }>(
      `SELECT t.slug, t.name, d.domain FROM catalog.tenants t JOIN catalog.domains d ON d.tenant_id = t.id
       WHERE d.domain LIKE '%.localhost' ORDER BY t.slug`,
    ),
  )
  return rows.map(({ slug, name, domain }) => ({ slug, name, url: url.replace('localhost', domain) }))
}
