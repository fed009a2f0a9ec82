import { AppError } from './errors.ts'
import { originalStack } from './original-stack.ts'

type Level = 'INFO' | 'WARN' | 'ERROR'
type Fields = Readonly<Record<string, unknown>>

/**
 * Writes one line of JSON, in the field names of Lambda's own JSON log format. `console` would wrap
 * the line a second time on Lambda, so it goes to stdout directly.
 */
function write(level: Level, message: string, fields: Fields): void {
  process.stdout.write(`${JSON.stringify({ timestamp: new Date().toISOString(), level, message, ...fields })}\n`)
}

export const log = {
  info: (message: string, fields: Fields = {}): void => write('INFO', message, fields),
  warn: (message: string, fields: Fields = {}): void => write('WARN', message, fields),
  error: (message: string, fields: Fields = {}): void => write('ERROR', message, fields),
}

/**
 * An error and its causes as plain data for the log. Of a database error only code, severity and
 * routine are kept: its message and detail carry values of the tenant's rows.
 */
export function describeError(error: unknown, depth = 0): Fields {
  if (!(error instanceof Error)) return { name: typeof error }
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined
  const fromDatabase = 'severity' in error && 'routine' in error
  return {
    name: error.name,
    code,
    ...(fromDatabase
      ? {
          severity: error.severity,
          routine: error.routine,
          constraint: 'constraint' in error ? error.constraint : undefined,
        }
      : { message: error.message, stack: error instanceof AppError ? undefined : originalStack(error.stack) }),
    ...(error.cause !== undefined && depth < 5 ? { cause: describeError(error.cause, depth + 1) } : {}),
  }
}
