import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** What becomes of bytes on their way, and of their connection with them. */
export type Fate = 'pass' | 'reset' | 'silence'

/** A way to the database that counts, and can be cut. */
export interface CountingProxy {
  readonly port: number
  /** How often the client has spoken after hearing the server since the last call: its round trips. */
  takeFlights(): number
  /** Cuts every connection, as a failing network does. */
  cut(): void
  /** From now on asks what becomes of each piece: lost with its connection, or with all that follows on it unseen. */
  decide(fate: (towards: 'server' | 'client', bytes: Buffer) => Fate): void
  /** From now on leads to another port: that of a server that was started anew. */
  leadTo(port: number): void
  close(): Promise<void>
}

/** `delay`: milliseconds that the way there and back takes longer. */
export async function startCountingProxy(target: {
  host: string
  port: number
  delay?: number
}): Promise<CountingProxy> {
  let flights = 0
  let { port } = target
  let fateOf: (towards: 'server' | 'client', bytes: Buffer) => Fate = () => 'pass'
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const upstream = connect(port, target.host)
    let clientSpokeLast = false
    let silent = false
    const pass = (towards: 'server' | 'client', bytes: Buffer): void => {
      const fate = silent ? 'silence' : fateOf(towards, bytes)
      const to = towards === 'server' ? upstream : client
      if (fate === 'pass' && (target.delay === undefined || towards === 'client')) to.write(bytes)
      else if (fate === 'pass') setTimeout(() => to.write(bytes), target.delay)
      silent = fate === 'silence'
      if (fate === 'reset') for (const socket of [client, upstream]) socket.resetAndDestroy()
    }
    client.on('data', (bytes) => {
      if (!clientSpokeLast) flights += 1
      clientSpokeLast = true
      pass('server', bytes)
    })
    upstream.on('data', (bytes) => {
      clientSpokeLast = false
      pass('client', bytes)
    })
    for (const [socket, other] of [[client, upstream] as const, [upstream, client] as const]) {
      sockets.add(socket)
      socket.setNoDelay(true)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        sockets.delete(socket)
        other.destroy()
      })
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port')
  const cut = () => {
    for (const socket of sockets) socket.resetAndDestroy()
  }
  return {
    port: address.port,
    takeFlights() {
      const taken = flights
      flights = 0
      return taken
    },
    cut,
    decide(fate) {
      fateOf = fate
    },
    leadTo(other) {
      port = other
    },
    async close() {
      cut()
      server.close()
      await once(server, 'close')
    },
  }
}
