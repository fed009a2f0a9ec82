import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CommandError, runCommand } from '../command-line.ts'
import { defaultDataFolder, openKeyRing } from '../data-folder.ts'
import { eventFiles, eventOf } from './event-files.ts'
import { type ExampleRequest, exampleRequests, wrongRequests } from './example-requests.ts'
import { fillInKeys } from './read-event.ts'

const names = Object.keys(exampleRequests)
const wrong = Object.keys(wrongRequests)

const help = `Makes the event that the HTTP API hands to a function: npm run --silent event -- NAME [options]

NAME is one of:
  ${names.join(', ')}
or of those that are refused:
  ${wrong.join(', ')}

Options:
  --tenant SLUG  the tenant (default: germany), whose key is put in from the data of npm start
  --by-domain    name the tenant by its own domain, not by the x-tenant header
  --target PATH  another path, or query, of the same route
  --body JSON    another body
  --data FOLDER  the data folder of npm start (default: .atrium)
  --json         one line, not indented
  --write        write all of events/ anew, with no keys in them
  --help         show this

Example:
  npm run --silent event -- create-order --tenant france --body '{"product_id":"1","quantity":3}' \\
    | npm run --silent invoke -- Orders -e -`

const options = {
  tenant: { type: 'string', default: 'germany' },
  'by-domain': { type: 'boolean', default: false },
  target: { type: 'string' },
  body: { type: 'string' },
  data: { type: 'string', default: defaultDataFolder },
  json: { type: 'boolean', default: false },
  write: { type: 'boolean', default: false },
  help: { type: 'boolean' },
} as const

const folder = fileURLToPath(new URL('../../events', import.meta.url))

await runCommand({ help, options }, async ({ values, positionals }) => {
  if (values.write) {
    const files = eventFiles()
    for (const [name, content] of files) {
      mkdirSync(dirname(join(folder, name)), { recursive: true })
      writeFileSync(join(folder, name), content)
    }
    console.log(values.json ? JSON.stringify({ written: files.size }) : `${files.size} events are written.`)
    return
  }
  const [name = '', ...surplus] = positionals
  const example: ExampleRequest | undefined = exampleRequests[name] ?? wrongRequests[name]
  if (example === undefined || surplus.length > 0) {
    throw new CommandError(`name one event: ${[...names, ...wrong].join(', ')}`)
  }
  const { body = example.body, target = example.target } = values
  const event = toEvent(
    { ...example, body, target },
    { tenant: values.tenant, way: values['by-domain'] ? 'domain' : 'header' },
  )
  console.log(fillInKeys(JSON.stringify(event, null, values.json ? 0 : 2), openKeyRing(values.data)))
})

function toEvent(...[request, options]: Parameters<typeof eventOf>) {
  try {
    return eventOf(request, options).event
  } catch (error) {
    throw new CommandError(error instanceof Error ? error.message : String(error))
  }
}
