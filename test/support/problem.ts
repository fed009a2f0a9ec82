import { expect } from 'vitest'
import type { CallResult } from './call.ts'

/** Words of the database's that no answer may carry: SQL, schema names, constraint names, stacks. */
const leaks =
  /\b(select|insert|update|delete) |"?t_[a-z0-9_]+_[0-9a-f]{8}|_fkey|_check|_pkey|constraint|relation "|at .*\.ts:\d+/i

/** That an answer is a valid problem document of this status and type, and tells nothing of the inside. */
export function expectProblem(answer: CallResult, status: number, type: string): void {
  expect(answer.body).toMatchObject({
    type: `/docs/problems#${type}`,
    title: expect.stringMatching(/\S/),
    status,
    detail: expect.stringMatching(/\S/),
    instance: answer.headers['x-request-id'],
  })
  expect(answer.status).toBe(status)
  expect(answer.headers['content-type']).toBe('application/problem+json')
  expect(Object.keys(answer.body).toSorted()).toEqual(
    ['detail', 'instance', 'status', 'title', 'type', ...('errors' in answer.body ? ['errors'] : [])].toSorted(),
  )
  expect(answer.text).not.toMatch(leaks)
}
