import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** A way to the database that counts, and can be cut. */
export interface CountingProxy {
  readonly port: number
  /** How often the client has spoken after hearing the server since the last call: its round trips. */
  takeFlights(): number
  /** Cuts every connection, as a failing network does. */
  cut(): void
  close(): Promise<void>
}

export async function startCountingProxy(target: { host: string; port: number }): Promise<CountingProxy> {
  let flights = 0
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const upstream = connect(target.port, target.host)
    let clientSpokeLast = false
    client.on('data', (bytes) => {
      if (!clientSpokeLast) flights += 1
      clientSpokeLast = true
      upstream.write(bytes)
    })
    upstream.on('data', (bytes) => {
      clientSpokeLast = false
      client.write(bytes)
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
    async close() {
      cut()
      server.close()
      await once(server, 'close')
    },
  }
}
