import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import dns2 from 'dns2'

export type RecordType = 'TXT' | 'CNAME' | 'A'

/** An authoritative name server on 127.0.0.1. */
export interface NameServer {
  /** `127.0.0.1:port` */
  readonly address: string
  close(): Promise<void>
}

/** Starts it on a free port; `find` answers the values of a name in lower case, or undefined for no answer at all. */
export async function startNameServer(
  find: (type: RecordType, name: string) => Promise<readonly string[] | undefined>,
): Promise<NameServer> {
  const { Packet } = dns2
  const types = ['TXT', 'CNAME', 'A'] as const
  const server = dns2.createServer({
    udp: true,
    async handle(request, send) {
      const response = Packet.createResponseFromRequest(request)
      const [question] = request.questions
      const type = types.find((each) => question?.type === Packet.TYPE[each])
      if (question !== undefined && type !== undefined) {
        const values = await find(type, question.name.toLowerCase()).catch(() => undefined)
        if (values === undefined) return
        for (const value of values) {
          const data = type === 'TXT' ? { data: value } : type === 'CNAME' ? { domain: value } : { address: value }
          response.answers.push(Packet.createResourceFromQuestion(question, { ttl: 1, ...data }))
        }
      }
      send(response)
    },
  })
  server.listen({ udp: { port: 0, address: '127.0.0.1' } })
  await once(server, 'listening')
  const { port } = (server.addresses() as { udp: AddressInfo }).udp
  return { address: `127.0.0.1:${port}`, close: () => server.close() as Promise<void> }
}
