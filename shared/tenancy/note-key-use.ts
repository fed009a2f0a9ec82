import type { Notes } from '../db/notes.ts'
import type { Credential } from './credential.ts'

const hour = 60 * 60 * 1_000
const mostKeys = 10_000

export interface KeyUses {
  /** The note of a key's use, once an hour: none while that hour is noted, or for a token. */
  notesFor(credential: Credential): Notes
}

/**
 * Notes by the hour when a key was last used, in the placement of its tenant: one conditional write of the login's own,
 * sent behind the work in its flight, since a frozen function does nothing later.
 */
export function createKeyUses(now: () => number = () => Date.now()): KeyUses {
  const noted = new Map<string, number>()

  return {
    // Asked when work is sent: a request that is refused before has not used the key.
    notesFor:
      ({ keyId }) =>
      () => {
        const current = Math.floor(now() / hour) * hour
        if (keyId === undefined || noted.get(keyId) === current) return []
        if (noted.size >= mostKeys) noted.clear()
        noted.set(keyId, current)
        const statement = {
          text: `INSERT INTO atrium.key_uses AS u (key_id, used_at) VALUES ($1, $2)
            ON CONFLICT (key_id) DO UPDATE SET used_at = excluded.used_at WHERE u.used_at < excluded.used_at`,
          values: [keyId, new Date(current).toISOString()],
        }
        return [{ statement }]
      },
  }
}
