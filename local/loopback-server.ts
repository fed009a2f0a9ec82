import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'

/** A small HTTP server that only this machine reaches. */
export interface LoopbackServer {
  readonly url: string
  /** Ends at once, requests under way included. */
  close(): Promise<void>
}

/** Listens on a free port of 127.0.0.1. */
export async function startLoopbackServer(listener: RequestListener): Promise<LoopbackServer> {
  const server = createServer(listener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
