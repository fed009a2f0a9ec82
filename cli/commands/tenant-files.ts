import { createReadStream, createWriteStream } from 'node:fs'
import { rename, stat } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { CommandError } from '../../local/command-line.ts'
import { type Command, takeArguments, textOption } from '../command.ts'
import { followOperation } from '../follow-operation.ts'

/** Tenants into files, and out of them. */
export const tenantFileCommands: readonly Command[] = [
  {
    name: 'tenants export',
    usage: 'SLUG [--file FILE] [--from PLACEMENT]',
    summary:
      'Exports a tenant into one file, all of one moment. --from: as it was, from a placement restored from a backup.',
    example: 'atrium tenants export acme --file acme.tar.gz',
    options: { file: { type: 'string' }, from: { type: 'string' } },
    async run(call) {
      const { SLUG } = takeArguments(call, 'SLUG')
      const from = textOption(call, 'from')
      const file = textOption(call, 'file') ?? `${SLUG}.tar.gz`
      const { body } = await call.client.send(
        'POST',
        `/tenants/${encodeURIComponent(SLUG)}/export${from === undefined ? '' : `?from=${encodeURIComponent(from)}`}`,
      )
      const { id, result } = await followOperation(call, body.id, 'quietly')
      const { url } = (await call.client.send('GET', `/operations/${id}/file`)).body
      const bytes = await download(url, file)
      const { rows } = result as { rows: number }
      call.print(
        { tenant: SLUG, file, rows, bytes },
        () => `${SLUG} is exported to ${file}: ${rows} rows, ${bytes} bytes.`,
      )
    },
  },
  {
    name: 'tenants import',
    usage: 'FILE SLUG --name NAME [--domain DOMAIN …] [--placement NAME] [--plan NAME]',
    summary: 'Makes a new tenant of an exported file. A file that is damaged or not ours is refused whole.',
    example: "atrium tenants import acme.tar.gz acme-copy --name 'Copy of Acme'",
    options: {
      name: { type: 'string' },
      domain: { type: 'string', multiple: true, default: [] },
      placement: { type: 'string' },
      plan: { type: 'string' },
    },
    async run(call) {
      const { FILE, SLUG } = takeArguments(call, 'FILE', 'SLUG')
      const { name, placement = null, plan = null, domain } = call.options
      if (name === undefined) throw new CommandError('give the tenant a name with --name')
      const { size } = await stat(FILE).catch((error: Error) => {
        throw new CommandError(error.message)
      })
      const { key, url } = (await call.client.send('POST', '/uploads')).body
      await upload(url, FILE, size)
      const { body } = await call.client.send('POST', '/imports', {
        key,
        slug: SLUG,
        name,
        domains: domain,
        placement,
        plan,
      })
      await followOperation(call, body.id)
    },
  },
]

async function download(url: string, file: string): Promise<number> {
  const response = await fetch(url)
  if (!response.ok || response.body === null)
    throw new CommandError(`the file cannot be downloaded (${response.status})`)
  // Beside it first: a download that is cut short leaves no file that looks whole.
  await pipeline(Readable.fromWeb(response.body), createWriteStream(`${file}.part`))
  await rename(`${file}.part`, file)
  return (await stat(file)).size
}

async function upload(url: string, file: string, size: number): Promise<void> {
  const body = Readable.toWeb(createReadStream(file))
  const response = await fetch(url, {
    method: 'PUT',
    body,
    duplex: 'half',
    headers: { 'content-length': String(size) },
  })
  if (!response.ok) throw new CommandError(`the file cannot be uploaded (${response.status})`)
}
