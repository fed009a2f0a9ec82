import { once } from 'node:events'
import { connect, createServer, type Server } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { forwardPorts } from '../../local/forward-ports.ts'
import { findFreePort } from '../../local/free-port.ts'

// Linux answers at all of 127.0.0.0/8, so that this plays the bridge of containers.
const bridge = '127.0.0.2'

describe.skipIf(process.platform !== 'linux')('a bridge', () => {
  let server: Server
  let port: number
  beforeEach(async () => {
    port = await findFreePort()
    server = createServer((socket) => socket.on('data', (data) => socket.end(`heard ${data}`))).listen(
      port,
      '127.0.0.1',
    )
    await once(server, 'listening')
  })
  afterEach(() => void server.close())

  async function say(word: string): Promise<string> {
    const socket = connect(port, bridge)
    socket.write(word)
    let heard = ''
    for await (const data of socket) heard += data
    return heard
  }

  it('leads to the same port of 127.0.0.1, until it is closed', async () => {
    await expect(say('too early')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    const opened = await forwardPorts(bridge, [port])
    expect(await Promise.all(['one', 'two'].map(say))).toEqual(['heard one', 'heard two'])
    const silent = connect(port, bridge)
    await once(silent, 'connect')
    await opened.close()
    if (!silent.closed) await once(silent, 'close')
    await expect(say('too late')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  it('ends a connection whose other end vanishes', async () => {
    const opened = await forwardPorts(bridge, [port])
    server.close()
    await once(server, 'close')
    expect(await say('nobody there').catch(() => '')).toBe('')
    await opened.close()
  })

  it('is refused where the address is not of this machine, or a port is taken, and leaves none open', async () => {
    await expect(forwardPorts('192.0.2.1', [port])).rejects.toMatchObject({ code: 'EADDRNOTAVAIL' })
    const other = await findFreePort()
    const taken = createServer().listen(other, bridge)
    await once(taken, 'listening')
    await expect(forwardPorts(bridge, [port, other])).rejects.toMatchObject({ code: 'EADDRINUSE' })
    await expect(say('nothing open')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    taken.close()
  })
})
