import type { Notes } from '../db/notes.ts'
import type { Statement } from '../db/prefaced-statement.ts'
import { codeVersion } from '../release.ts'

/** Milliseconds between two reports of one instance. */
const interval = 60_000

/** Updates nothing when another instance has just said the same. */
const report: Statement = {
  text: `INSERT INTO atrium.serving_code AS s (code_version) VALUES ($1)
    ON CONFLICT (code_version) DO UPDATE SET last_seen = pg_catalog.now()
    WHERE s.last_seen < pg_catalog.now() - interval '30 s'`,
  values: [codeVersion],
}

/**
 * Says which code serves, once a minute while it does: the note to send behind a look-up in the catalog, none while it is
 * not due.
 */
export function createCodeReport(now: () => number = () => Date.now()): Notes {
  let last = Number.NEGATIVE_INFINITY
  return () => {
    if (now() - last < interval) return []
    last = now()
    return [{ statement: report }]
  }
}
