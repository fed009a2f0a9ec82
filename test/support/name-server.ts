import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import dns2 from 'dns2'

type RecordType = 'TXT' | 'CNAME' | 'A'

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
  const { Packet } = dns2
  let isDown = false

  const server = dns2.createServer({
    udp: true,
    handle(request, send) {
      if (isDown) return
      const response = Packet.createResponseFromRequest(request)
      const [question] = request.questions
      const name = question?.name ?? ''
      const add = (type: RecordType) => {
        if (question === undefined) return
        for (const value of records.get(keyOf(type, name)) ?? []) {
          const data = type === 'TXT' ? { data: value } : type === 'CNAME' ? { domain: value } : { address: value }
          response.answers.push(Packet.createResourceFromQuestion(question, { ttl: 1, ...data }))
        }
      }
      for (const type of ['TXT', 'CNAME', 'A'] as const) if (question?.type === Packet.TYPE[type]) add(type)
      send(response)
    },
  })
  server.listen({ udp: { port: 0, address: '127.0.0.1' } })
  await once(server, 'listening')
  const { port } = (server.addresses() as { udp: AddressInfo }).udp

  return {
    address: `127.0.0.1:${port}`,
    set(type, name, value) {
      const key = keyOf(type, name)
      records.set(key, (records.get(key) ?? new Set()).add(value))
    },
    unset: (type, name) => void records.delete(keyOf(type, name)),
    setDown(down) {
      isDown = down
    },
    close: () => server.close() as Promise<void>,
  }
}
