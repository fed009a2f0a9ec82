import { AppError } from '../errors.ts'

/** Levels of objects and arrays: no request of ours needs more, and a deep one would cost more than it is worth. */
const deepest = 32

/**
 * Throws `invalid_request` for a value that parses as JSON and cannot be meant: a number that JavaScript would change
 * (`1e400`, a whole number beyond 2^53), text that PostgreSQL cannot store (NUL, half of a surrogate pair), a member named
 * `__proto__`, or more than 32 levels. `path` is where it stands in the request.
 */
export function checkJson(value: unknown, path: string, depth = 0): void {
  if (depth > deepest) throw refuse('body', `must not be nested more than ${deepest} levels deep`)
  if (typeof value === 'number') checkNumber(value, path)
  else if (typeof value === 'string') checkText(value, path)
  else if (typeof value === 'object' && value !== null) checkMembers(value, path, depth)
}

/** Throws `invalid_request` for text that PostgreSQL cannot store. */
export function checkText(text: string, path: string): void {
  if (!text.includes('\0') && text.isWellFormed()) return
  throw refuse(path, 'must not hold control characters, nor half of a surrogate pair')
}

function checkMembers(value: object, path: string, depth: number): void {
  for (const [name, member] of Object.entries(value)) {
    if (name === '__proto__') throw refuse(`${path}.${name}`, 'is not known here')
    checkText(name, path)
    checkJson(member, `${path}.${name}`, depth + 1)
  }
}

function checkNumber(value: number, path: string): void {
  const isExact = Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value))
  if (!isExact) throw refuse(path, 'is beyond what a JSON number can hold exactly')
}

function refuse(path: string, message: string): AppError {
  return new AppError('invalid_request', `The request is not valid: ${path}: ${message}.`, {
    errors: [{ path, message }],
  })
}
