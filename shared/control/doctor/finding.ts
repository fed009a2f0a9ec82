import * as z from 'zod'

/** What one check found. */
export const finding = z.object({
  /** What was looked at: `separation`, `grants`, `clock`, … */
  check: z.string(),
  placement: z.string().nullable(),
  /** `unknown` for what cannot be seen from here. */
  state: z.enum(['ok', 'warning', 'failed', 'unknown']),
  detail: z.string(),
})

export type Finding = z.output<typeof finding>

/** One finding of many complaints, or `fine` when there are none. */
export function findingOf(
  about: Pick<Finding, 'check' | 'placement'>,
  complaints: readonly string[],
  fine: string,
  worst: 'warning' | 'failed' = 'failed',
): Finding {
  if (complaints.length === 0) return { ...about, state: 'ok', detail: fine }
  const more = complaints.length > mostTold ? `; and ${complaints.length - mostTold} more` : ''
  return { ...about, state: worst, detail: `${complaints.slice(0, mostTold).join('; ')}${more}` }
}

const mostTold = 20
