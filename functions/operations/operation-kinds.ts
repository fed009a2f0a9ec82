import { doctorOperation } from '../../shared/control/doctor/doctor-operation.ts'
import { drainOperation } from '../../shared/control/drain-operation.ts'
import { exportOperation } from '../../shared/control/export-operation.ts'
import { driftOperation } from '../../shared/control/fleet/drift-operation.ts'
import { migrateOperation } from '../../shared/control/fleet/migrate-operation.ts'
import { importOperation } from '../../shared/control/import-operation.ts'
import { moveOperation } from '../../shared/control/move-operation.ts'
import { purgeOperation } from '../../shared/control/purge-operation.ts'
import type { OperationKinds } from '../../shared/control/run-operations.ts'
import { sweepOperation } from '../../shared/control/sweep-operation.ts'

/** Every kind of operation that the worker knows. */
export const operationKinds: OperationKinds = new Map(
  [
    purgeOperation,
    exportOperation,
    importOperation,
    moveOperation,
    drainOperation,
    migrateOperation,
    driftOperation,
    doctorOperation,
    sweepOperation,
  ].map((kind) => [kind.kind, kind]),
)
