import type { Migration } from '../../db/migrations.ts'
import type { ControlPlane } from '../../tenancy/control-plane.ts'
import { readFleetStatus } from '../fleet/fleet-status.ts'
import { listPlacements, type PlacementRecord } from '../placements.ts'
import { type Finding, findingOf } from './finding.ts'

/** The share of a placement's limit from which on it is about to fill. */
const nearlyFull = 0.9

/** What concerns the fleet as a whole: versions, and room for new tenants. */
export async function checkFleet(control: ControlPlane, migrations: readonly Migration[]): Promise<Finding[]> {
  const { latest, tenants, behind, failed } = await readFleetStatus(control, migrations)
  const reasons = new Map(failed.map(({ slug, error }) => [slug, `: ${error}`]))
  const late = behind.map(({ slug, version }) => `${slug} is on version ${version}${reasons.get(slug) ?? ''}`)
  return [
    findingOf(
      { check: 'versions', placement: null },
      late,
      `all ${tenants} tenants are on version ${latest}`,
      'warning',
    ),
    ...checkRoom(await listPlacements(control)),
  ]
}

function checkRoom(placements: readonly PlacementRecord[]): Finding[] {
  const open = placements.filter(({ accepts_tenants }) => accepts_tenants)
  const room = open.reduce((sum, { tenants, tenant_limit }) => sum + Math.max(0, tenant_limit - tenants), 0)
  const full = open.filter(({ tenants, tenant_limit }) => tenants >= tenant_limit * nearlyFull)
  const complaints = [
    ...(room === 0 ? ['no open placement has room: add one before the next tenant comes'] : []),
    ...full.map(({ name, tenants, tenant_limit }) => `${name} holds ${tenants} of ${tenant_limit}`),
  ]
  return [findingOf({ check: 'room', placement: null }, complaints, `for ${room} more tenants`, 'warning')]
}
