import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/**
 * Lets whoever reaches another address of this machine, such as the bridge of its containers, reach these ports of 127.0.0.1,
 * by the same numbers. Rejects with the system's error when the address is not this machine's, or a port there is taken.
 */
export async function forwardPorts(address: string, ports: readonly number[]): Promise<{ close(): Promise<void> }> {
  await using opening = new AsyncDisposableStack()
  for (const port of ports) {
    const clients = new Set<Socket>()
    const server = createServer((client) => {
      clients.add(client)
      const target = connect(port, '127.0.0.1')
      client.pipe(target).pipe(client)
      // Either end may vanish at any time: the other goes with it.
      for (const [one, other] of [[client, target] as const, [target, client] as const]) {
        one.on('error', () => undefined).on('close', () => other.destroy())
      }
      client.on('close', () => clients.delete(client))
    })
    server.listen(port, address)
    await once(server, 'listening')
    opening.defer(async () => {
      server.close()
      for (const client of clients) client.destroy()
      await once(server, 'close')
    })
  }
  const opened = opening.move()
  return { close: () => opened.disposeAsync() }
}
