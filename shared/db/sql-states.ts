import pg from 'pg'

/** SQLSTATEs that Atrium acts on (PostgreSQL manual, appendix A). Errors are told apart by these alone. */
export const sqlState = {
  invalidParameterValue: '22023', // enter(): no such role
  numericValueOutOfRange: '22003', // a total beyond numeric(12,2)
  foreignKeyViolation: '23503',
  uniqueViolation: '23505',
  checkViolation: '23514',
  readOnlyTransaction: '25006', // a left-over default_transaction_read_only, or a failed-over writer
  invalidAuthorization: '28000', // the secret was rotated: RDS Proxy knows its new user alone (aws-secretsmanager-jdbc#223)
  invalidPassword: '28P01', // the secret was rotated
  undefinedDatabase: '3D000',
  serializationFailure: '40001',
  deadlockDetected: '40P01',
  insufficientPrivilege: '42501', // enter(): the role is not granted; or USAGE was revoked
  undefinedTable: '42P01', // a revoked USAGE, seen through the search_path
  diskFull: '53100',
  outOfMemory: '53200',
  tooManyConnections: '53300',
  lockNotAvailable: '55P03', // lock_timeout
  queryCanceled: '57014', // statement_timeout
  adminShutdown: '57P01',
  crashShutdown: '57P02',
  cannotConnectNow: '57P03',
} as const

/** What the server answered with, looked for along the causes; undefined when the error is not the server's. */
export function databaseErrorOf(error: unknown): pg.DatabaseError | undefined {
  if (error instanceof pg.DatabaseError) return error
  return error instanceof Error && error.cause !== undefined ? databaseErrorOf(error.cause) : undefined
}

/** The SQLSTATE of {@link databaseErrorOf}. */
export function sqlStateOf(error: unknown): string | undefined {
  return databaseErrorOf(error)?.code
}

/** The tenant as cached is not the tenant as it is: suspended, moved or purged since: it is resolved once more. */
export const staleTenantStates: ReadonlySet<string> = new Set([
  sqlState.insufficientPrivilege,
  sqlState.undefinedTable,
  sqlState.invalidParameterValue,
  sqlState.undefinedDatabase,
])

/** The login as cached is not the login as its secret has it now. */
export const refusedLoginStates: ReadonlySet<string> = new Set([
  sqlState.invalidPassword,
  sqlState.invalidAuthorization,
])

/** A value that the type of its column cannot hold. The schemas of requests should have refused it before. */
export const unstorableValueStates: ReadonlySet<string> = new Set([
  sqlState.numericValueOutOfRange,
  '22007', // invalid_datetime_format
  '22008', // datetime_field_overflow
  '22009', // invalid_time_zone_displacement_value
  '22021', // character_not_in_repertoire
  '22P02', // invalid_text_representation
  '22P05', // untranslatable_character
])

/** The server has undone the transaction whole, for the sake of another: the same again may succeed at once. */
export const rolledBackStates: ReadonlySet<string> = new Set([sqlState.serializationFailure, sqlState.deadlockDetected])

/** The server is there but cannot serve now; the same request may succeed later. */
export const transientStates: ReadonlySet<string> = new Set([
  ...refusedLoginStates,
  sqlState.serializationFailure,
  sqlState.deadlockDetected,
  sqlState.diskFull,
  sqlState.outOfMemory,
  sqlState.tooManyConnections,
  sqlState.lockNotAvailable,
  sqlState.adminShutdown,
  sqlState.crashShutdown,
  sqlState.cannotConnectNow,
])
