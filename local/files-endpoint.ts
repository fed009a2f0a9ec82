import { createReadStream, createWriteStream, existsSync, mkdirSync, renameSync, statSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { type LoopbackServer, startLoopbackServer } from './loopback-server.ts'

/** Its `url` is for AWS_ENDPOINT_URL_S3. */
export type FilesEndpoint = LoopbackServer

/** `/bucket/exports/7/acme.tar.gz` */
const objectPath = /^\/[a-z0-9-]+(?:\/[A-Za-z0-9][A-Za-z0-9._-]*)+$/

/**
 * Answers S3's PutObject and GetObject, presigned or signed, on 127.0.0.1, keeping objects as files in a folder. Like the
 * secrets endpoint it takes the access key for a token; a presigned URL carries it, and ends when it says so.
 */
export async function startFilesEndpoint(folder: string, accessKeyId: string): Promise<FilesEndpoint> {
  const respond = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost')
    if (!isAllowed(request, searchParams, accessKeyId)) return refuse(response, 403, 'AccessDenied')
    if (!objectPath.test(pathname)) return refuse(response, 400, 'InvalidURI')
    const file = join(folder, pathname)
    if (request.method === 'PUT') {
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
      await pipeline(request, createWriteStream(`${file}.part`, { mode: 0o600 }))
      renameSync(`${file}.part`, file)
      response.writeHead(200, { etag: '"local"' }).end()
      return
    }
    if (request.method !== 'GET') return refuse(response, 405, 'MethodNotAllowed')
    if (!existsSync(file)) return refuse(response, 404, 'NoSuchKey')
    response.writeHead(200, { 'content-length': statSync(file).size })
    await pipeline(createReadStream(file), response)
  }

  return startLoopbackServer((request, response) => {
    respond(request, response).catch(() => {
      if (!response.headersSent) response.writeHead(500)
      response.end()
    })
  })
}

function isAllowed(request: IncomingMessage, query: URLSearchParams, accessKeyId: string): boolean {
  const { authorization } = request.headers
  if (authorization !== undefined) return authorization.includes(`Credential=${accessKeyId}/`)
  if (!query.get('X-Amz-Credential')?.startsWith(`${accessKeyId}/`)) return false
  const [, day, time] = /^(\d{8})T(\d{6})Z$/.exec(query.get('X-Amz-Date') ?? '') ?? []
  if (day === undefined || time === undefined) return false
  const signed = Date.parse(
    `${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}T${time.slice(0, 2)}:${time.slice(2, 4)}:${time.slice(4)}Z`,
  )
  return Date.now() < signed + Number(query.get('X-Amz-Expires')) * 1_000
}

function refuse(response: ServerResponse, status: number, code: string): void {
  response
    .writeHead(status, { 'content-type': 'application/xml' })
    .end(`<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`)
}
