import { withOwnerTransaction } from '../db/owner-transaction.ts'
import type { TenantRef } from '../db/tenant-ref.ts'
import { AppError } from '../errors.ts'
import { refOf } from '../tenancy/catalog-queries.ts'
import type { ControlPlane } from '../tenancy/control-plane.ts'
import { getTenant } from './list-tenants.ts'
import { getPlacement } from './placements.ts'

export interface ExportSource {
  readonly ref: TenantRef
  /** What people call the tenant now, or its slug where it is there no more. */
  readonly name: string
}

/**
 * Where a tenant is exported from: its own placement, or another that a backup was restored to. There it is found by its
 * slug, so that one that has moved since, or was purged, is found as well. Throws `tenant_unknown` or `placement_unknown`.
 */
export async function findExportSource(
  control: ControlPlane,
  slug: string,
  from: string | null,
): Promise<ExportSource> {
  if (from === null) return getTenant(control, slug)
  await getPlacement(control, from)
  const { rows } = await withOwnerTransaction(control.pools, from, (client) =>
    client.query<{ schema: string }>(
      'SELECT schema_name AS schema FROM atrium.tenant_versions WHERE schema_name ~ $1',
      [
        // As drawSchemaName names them; a slug has no underscore.
        `^t_${slug.replaceAll('-', '_')}_[0-9a-f]{8}$`,
      ],
    ),
  )
  const [found, ...others] = rows
  if (found === undefined || others.length > 0) {
    const what = found === undefined ? 'no schema' : `${rows.length} schemas`
    throw new AppError('tenant_unknown', `The placement "${from}" has ${what} of a tenant "${slug}".`)
  }
  const name = await getTenant(control, slug).then(
    (tenant) => tenant.name,
    () => slug,
  )
  return { ref: refOf(from, found.schema), name }
}
