import { readFileSync } from 'node:fs'
import * as z from 'zod'

/**
 * Answers that were given: by the operation's id with the body of its request, and by the problem's code.
 * test/api/examples.test.ts asks for them anew, and writes the file.
 */
const recordedExamples = z.object({
  answers: z.record(z.string(), z.object({ request: z.unknown().optional(), body: z.unknown().optional() })),
  problems: z.record(z.string(), z.unknown()),
})

export type RecordedExamples = z.output<typeof recordedExamples>

export const examplesFile = new URL('examples.json', import.meta.url)

export function readExamples(): RecordedExamples {
  return recordedExamples.parse(JSON.parse(readFileSync(examplesFile, 'utf8')))
}
