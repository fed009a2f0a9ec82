import { Late } from '../deadline.ts'
import { AppError } from '../errors.ts'
import { leaveTenant, type Notes, sendNotes } from './notes.ts'
import type { Pools } from './pools.ts'
import { queryPrefaced, type Statement } from './prefaced-statement.ts'
import { refuse } from './refusals.ts'
import { databaseErrorOf } from './sql-states.ts'

/** Reads of the catalog, all names in them qualified. Those that are asked for in one go share one round trip. */
export interface CatalogReader {
  /** Throws `unavailable` when the catalog is out of reach. */
  read<Row>(statement: Statement): Promise<Row[]>
}

interface Asked {
  readonly statement: Statement
  resolve(rows: unknown[]): void
  reject(error: unknown): void
}

/** Milliseconds: of a look-up by one key. The next one begins on a new connection. */
const usualPatience = 5_000

/**
 * Reads the catalog for a function instance. Whatever is asked until the end of the present turn of the event loop goes out
 * together, each statement under a Sync of its own. `notes` may add writes of the login's own, which go along and may fail
 * without harm. A look-up is given up after `patience` milliseconds, if it has any.
 */
export function createCatalogReader(
  pools: Pools,
  placement: () => string,
  notes: Notes = () => [],
  patience: number | null = usualPatience,
): CatalogReader {
  let waiting: Asked[] = []

  const flush = async (): Promise<void> => {
    const asked = waiting
    waiting = []
    try {
      const answers = await pools.withClient(
        placement(),
        'read',
        async (client) => {
          const read = asked.map(({ statement }) => queryPrefaced(client, leaveTenant, statement))
          const written = sendNotes(client, notes)
          const settled = await Promise.allSettled(read)
          await written
          const broken = settled.find((each) => each.status === 'rejected' && !isRefusal(each.reason))
          if (broken?.status === 'rejected') throw broken.reason
          return settled
        },
        patience === null ? {} : { deadline: performance.now() + patience },
      )
      answers.forEach((answer, at) => {
        if (answer.status === 'fulfilled') asked[at]?.resolve(answer.value.rows)
        else asked[at]?.reject(refusalOf(answer.reason))
      })
    } catch (error) {
      for (const { reject } of asked) reject(refusalOf(error))
    }
  }

  return {
    read<Row>(statement: Statement) {
      return new Promise<Row[]>((resolve, reject) => {
        if (waiting.length === 0) queueMicrotask(() => void flush())
        waiting.push({ statement, reject, resolve: (rows) => resolve(rows as Row[]) })
      })
    },
  }
}

/** One read of the catalog, or of what else the login itself may read in a placement. Throws as {@link CatalogReader} does. */
export async function readCatalog<Row>(pools: Pools, placement: string, statement: Statement): Promise<Row[]> {
  return createCatalogReader(pools, () => placement, undefined, null).read<Row>(statement)
}

/** The statement was refused, and the connection is as good as before. */
function isRefusal(error: unknown): boolean {
  return databaseErrorOf(error)?.severity === 'ERROR'
}

function refusalOf(error: unknown): unknown {
  // Whoever asks may go on without it, as when it cannot be reached.
  if (error instanceof Late) return new AppError('unavailable', 'The catalog does not answer.', { cause: error })
  try {
    return refuse(error)
  } catch (refusal) {
    return refusal
  }
}
