import type pg from 'pg'
import { describeError, log } from '../logger.ts'
import { queryPrefaced, type Statement } from './prefaced-statement.ts'

/** Whatever role the connection was left with, a statement of the login's own runs as the login itself. */
export const leaveTenant: Statement = { text: 'SELECT FROM atrium.leave()', values: [] }
/** The same for a note, which gives up sooner than the request that waits for it. */
export const beginNote: Statement = { text: 'SELECT FROM atrium.begin_note()', values: [] }

/** A write of the login's own that goes along behind other work, in its flight, under a Sync of its own. */
export interface Note {
  readonly statement: Statement
  answered?(rows: readonly unknown[]): void
  /** It was refused, or its connection lost: then nobody knows whether it was carried out. */
  failed?(error: unknown): void
}

/** Asked when they are about to be sent: what they say is then taken as said. */
export type Notes = () => readonly Note[]

/** Sends what is to be noted now, and waits for it. A note that cannot be written is no reason to refuse the work. */
export async function sendNotes(client: pg.ClientBase, notes: Notes | undefined): Promise<void> {
  const due = notes?.() ?? []
  if (due.length === 0) return
  await Promise.all(
    due.map(async ({ statement, answered, failed }) => {
      try {
        const { rows } = await queryPrefaced(client, beginNote, statement)
        answered?.(rows)
      } catch (error) {
        log.warn('a note beside the work was not written', { error: describeError(error) })
        failed?.(error)
      }
    }),
  )
}
