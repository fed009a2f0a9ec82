import { lookup as lookUp } from 'node:dns/promises'
import { request } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { domainToASCII } from 'node:url'
import { AppError } from '../errors.ts'
import { isPublicAddress } from './public-address.ts'

export interface FetchOptions {
  /** All addresses of a host. */
  resolve?(host: string): Promise<readonly string[]>
  isAllowed?(address: string): boolean
  /** HTTPS's own unless said otherwise. */
  readonly port?: number
  /** Authorities besides Node's own. */
  readonly ca?: string
  /** Ends the fetch, the look-up of the name included; after 5 s unless given. */
  readonly signal?: AbortSignal
  /** Bytes. */
  readonly largest?: number
}

/** Milliseconds for all that one request of the courier's fetches. */
export const longest = 5_000
const defaultLargest = 256 * 1_024

const resolveAll = async (host: string) => (await lookUp(host, { all: true })).map(({ address }) => address)

/**
 * Fetches JSON from a public server: https only, no address of the inside, no redirect, within limits of time and size.
 * The connection goes to the very address that was checked, whatever the name means a moment later. Throws `fetch_failed`.
 */
export async function fetchJson(url: string, options: FetchOptions = {}): Promise<unknown> {
  const { resolve = resolveAll, isAllowed = isPublicAddress, port = 443, largest = defaultLargest } = options
  const target = checkUrl(url, port)
  const refuse = (why: string, cause?: unknown) => new AppError('fetch_failed', `${target.href} ${why}.`, { cause })
  const signal = options.signal ?? AbortSignal.timeout(longest)
  const addresses = await Promise.race([resolve(target.hostname), untilAborted(signal)]).catch((cause) => {
    throw refuse('has no address', cause)
  })
  const [address] = addresses
  if (address === undefined) throw refuse('has no address')
  if (!addresses.every(isAllowed)) throw refuse('leads to an address that is not public')

  const text = await new Promise<string>((settle, fail) => {
    const sent = request(target, {
      ...{ port, method: 'GET', headers: { accept: 'application/json' }, agent: false },
      ...(options.ca === undefined ? {} : { ca: options.ca }),
      signal,
      lookup: lookUpAs(address),
    })
    sent.on('error', (cause) => fail(refuse('cannot be fetched', cause)))
    sent.on('response', (response) => {
      const chunks: Buffer[] = []
      let size = 0
      if (response.statusCode !== 200) {
        response.destroy()
        fail(refuse(`answers ${response.statusCode}`))
        return
      }
      response.on('data', (chunk: Buffer) => {
        size += chunk.length
        chunks.push(chunk)
        if (size <= largest) return
        response.destroy()
        fail(refuse(`sends more than ${largest} bytes`))
      })
      response.on('error', (cause) => fail(refuse('cannot be fetched', cause)))
      response.on('end', () => settle(Buffer.concat(chunks).toString('utf8')))
    })
    sent.end()
  })
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw refuse('does not send JSON', cause)
  }
}

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}

/** Whatever host is asked for, this address is its. */
function lookUpAs(address: string): LookupFunction {
  const family = isIP(address)
  return (_host, { all }, callback) => {
    if (all) callback(null, [{ address, family }])
    else callback(null, address, family)
  }
}

function checkUrl(url: string, port: number): URL {
  const target = URL.canParse(url) ? new URL(url) : undefined
  const isPlain = target?.protocol === 'https:' && target.username === '' && target.password === ''
  if (target === undefined || !isPlain || (target.port !== '' && Number(target.port) !== port)) {
    throw new AppError('fetch_failed', `${JSON.stringify(url)} is not a plain https URL.`)
  }
  if (isIP(target.hostname.replace(/^\[|\]$/g, '')) !== 0 || domainToASCII(target.hostname) === '') {
    throw new AppError('fetch_failed', `${target.href} names no host.`)
  }
  return target
}
