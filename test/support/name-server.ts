import { type RecordType, startNameServer as startServer } from '../../local/domains/name-server.ts'

/** An authoritative name server of a test's own. */
export interface NameServer {
  /** `127.0.0.1:port` */
  readonly address: string
  set(type: RecordType, name: string, value: string): void
  unset(type: RecordType, name: string): void
  /** Answers nothing from now on, as a server that is down does; or again. */
  setDown(down: boolean): void
  close(): Promise<void>
}

/** Starts it on a free port of 127.0.0.1, with no record. */
export async function startNameServer(): Promise<NameServer> {
  const records = new Map<string, Set<string>>()
  const keyOf = (type: RecordType, name: string) => `${type} ${name.toLowerCase()}`
  let isDown = false
  const server = await startServer(async (type, name) =>
    isDown ? undefined : [...(records.get(keyOf(type, name)) ?? [])],
  )
  return {
    ...server,
    set(type, name, value) {
      const key = keyOf(type, name)
      records.set(key, (records.get(key) ?? new Set()).add(value))
    },
    unset: (type, name) => void records.delete(keyOf(type, name)),
    setDown(down) {
      isDown = down
    },
  }
}
