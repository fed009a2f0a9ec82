import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CommandError, runCommand } from './command-line.ts'
import { type DataFolder, defaultDataFolder, openDataFolder, readRunning } from './data-folder.ts'
import { demoKey } from './demo/demo-key.ts'
import { readInvoiceLines } from './demo/invoice-lines.ts'
import { listDemoTenants } from './demo/list-demo-tenants.ts'
import { type LoadReport, loadInvoices } from './demo/load-invoices.ts'
import { printReport } from './demo/print-report.ts'
import { openAuthority } from './domains/authority.ts'
import { type FolderLock, lockFolder } from './folder-lock.ts'
import { forwardPorts } from './forward-ports.ts'
import { type GatewayPort, openGatewayPort, type SecurePort } from './gateway/gateway.ts'
import { type LocalStage, startLocalStage } from './local-stage.ts'
import { createProgress, formatTable } from './terminal.ts'
import { watchProject } from './watch/watch-project.ts'

const help = `Serves the API on this machine: npm start -- [options]

Starts an embedded PostgreSQL, synthesises the app and serves its routes. The first start loads 10,000 real
invoice lines through the API. Stop it with Ctrl-C; the data is kept for the next start.

Options:
  --port PORT    the port on localhost (default: $PORT, or 3000)
  --https        serve HTTPS too, on port 3443, or --https-port PORT: tenants' own names as well
  --data FOLDER  where database, logs and state are kept (default: .atrium)
  --no-demo      load no demo data
  --bridge ADDR  let containers in, and whoever else reaches this address of this machine: Docker Engine's
                 bridge has 172.17.0.1
  --watch        bring changes of functions/ and shared/ live as they are saved (npm run dev)
  --json         print one line of JSON when ready, instead of text
  --help         show this

Example:
  npm start -- --port 8080`

const options = {
  port: { type: 'string' },
  https: { type: 'boolean', default: false },
  'https-port': { type: 'string' },
  data: { type: 'string', default: defaultDataFolder },
  bridge: { type: 'string' },
  watch: { type: 'boolean', default: false },
  'no-demo': { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean' },
} as const

const demoFile = fileURLToPath(new URL('./demo/online-retail.csv', import.meta.url))

await runCommand({ help, options }, async ({ values }) => {
  const say = values.json ? () => undefined : (text: string) => console.log(text)
  const port = readPort(values.port ?? process.env.PORT ?? '3000')
  const stopping = untilStopped(say)
  const data = openDataFolder(values.data)
  await using opened = new AsyncDisposableStack()
  opened.adopt(await takeFolder(data), (lock) => lock.release())
  const authority = await openAuthority(data.path)
  let isServed: (name: string) => boolean = () => false
  const secure = (values.https || values['https-port'] !== undefined) && {
    port: readPort(values['https-port'] ?? '3443'),
    contextFor: async (name: string) =>
      name === 'localhost' || name.endsWith('.localhost') || isServed(name) ? authority.contextFor(name) : undefined,
  }
  const gateway = await takePort(port, secure || undefined)
  opened.adopt(gateway, () => gateway.close())
  const controlGateway = await openGatewayPort(0)
  opened.adopt(controlGateway, () => controlGateway.close())
  const url = `http://localhost:${gateway.port}`

  say('Starting PostgreSQL and synthesising the app …')
  const stage = await startLocalStage({
    data,
    outputFolder: join(data.path, 'cdk.out'),
    gateway,
    controlGateway,
    onFunctionError: (id, error) => console.error(`${id}: ${error.errorType}: ${error.errorMessage}`),
  })
  isServed = stage.isServed
  opened.defer(async () => {
    await Promise.all([gateway.close(), controlGateway.close()])
    await stage.stop()
  })
  if (values.bridge !== undefined) {
    const bridge = await openBridge(values.bridge, stage.ports)
    opened.adopt(bridge, () => bridge.close())
  }
  data.writeRunning({
    ...{ pid: process.pid, url, controlUrl: `http://localhost:${controlGateway.port}` },
    ...{ operatorTokenFile: stage.operatorTokenFile, secretsUrl: stage.secretsUrl, accessKeyId: stage.accessKeyId },
  })
  data.writeVariables(stage.variables)
  opened.defer(() => {
    data.writeRunning(undefined)
    data.writeVariables(undefined)
  })

  const stopped = await Promise.race([prepare(), stopping.then(() => true)])
  if (!stopped) await stopping

  async function prepare(): Promise<false> {
    if (!values['no-demo'] && data.readDemo() !== 'loaded') printReport(await loadDemo(data, url, stage), say)
    const { securePort } = gateway
    const secured = securePort === undefined ? {} : { securePort, authority: authority.file }
    await announce(url, stage, data, values.json, secured)
    if (gateway.securePort !== undefined) sayOfHttps(gateway.securePort, authority.file, say)
    if (values.watch && !opened.disposed) {
      const watching = watchProject(join(data.path, 'watch'), stage.functions)
      opened.defer(async () => (await watching).close())
      await watching
    }
    return false
  }
})

function readPort(text: string): number {
  const port = Number(text)
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port
  throw new CommandError(`the port must be a number from 0 to 65535, not "${text}"`)
}

async function takeFolder(data: DataFolder): Promise<FolderLock> {
  const lock = await lockFolder(data.path)
  if (lock !== undefined) return lock
  const running = await readRunning(data.path)
  const where = running === undefined ? 'and is just starting' : `at ${running.url} (process ${running.pid})`
  throw new CommandError(`Atrium is running on this data already, ${where}`)
}

async function takePort(port: number, secure: SecurePort | undefined): Promise<GatewayPort> {
  try {
    return await openGatewayPort(port, secure)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') {
      const taken = 'port' in error ? error.port : port
      throw new CommandError(
        `port ${taken} is in use: choose another with ${taken === port ? '--port' : '--https-port'}`,
      )
    }
    throw error
  }
}

async function openBridge(address: string, ports: readonly number[]): ReturnType<typeof forwardPorts> {
  // Of all addresses at once, one leads out of this machine.
  if (/^(?:0\.0\.0\.0|::)$/.test(address)) throw new CommandError('--bridge must be one address: that of the bridge')
  try {
    return await forwardPorts(address, ports)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new CommandError(`--bridge ${address} must be a free address of this machine: ${reason}`)
  }
}

/** Loads the demo data, or what is missing of them when the last start was cut short. */
async function loadDemo(data: DataFolder, url: string, stage: LocalStage): Promise<LoadReport> {
  const lines = await readInvoiceLines(demoFile)
  const progress = createProgress('Loading real orders through the API', lines.length)
  const resume = data.readDemo() === 'loading'
  data.writeDemo('loading')
  const report = await loadInvoices(lines, {
    ...{ url, control: stage.control, keys: data.keys, resume, onLine: () => progress.advance() },
  })
  progress.done()
  data.writeDemo('loaded')
  return report
}

async function announce(
  url: string,
  stage: LocalStage,
  data: DataFolder,
  json: boolean,
  secure: { readonly securePort?: number; readonly authority?: string },
): Promise<void> {
  const tenants = await listDemoTenants(stage.control, url)
  if (json) {
    console.log(JSON.stringify({ url, tenants, keys: data.keys.file, ...secure }))
    return
  }
  const chosen = tenants.find(({ slug }) => slug === 'germany') ?? tenants[0]
  if (chosen === undefined) {
    console.log(`\nAtrium serves no tenant yet at ${url}. Make one: npx atrium tenants create acme --name Acme`)
    return
  }
  // Loading has made the keys; data of a version that had none, or whose file somebody removed, gets them now.
  const isMissing = data.keys.get(chosen.slug) === undefined
  for (const { slug } of isMissing ? tenants : []) await demoKey(stage.control, data.keys, { slug, created: false })
  const key = data.keys.get(chosen.slug)
  const at = url.replace('localhost', `${chosen.slug}.localhost`)
  const file = relative('', data.keys.file)
  console.log(`
${formatTable(tenants.map(({ name, url }) => ({ tenant: name, url })))}

Atrium serves ${tenants.length} tenants at ${url}. A key of ${chosen.name}'s to try it with:

  export KEY=${key}
  curl -H "authorization: Bearer $KEY" '${at}/products?limit=3'
  curl -H "authorization: Bearer $KEY" -H 'x-tenant: ${chosen.slug}' '${url}/orders?limit=3'
  curl -H "authorization: Bearer $KEY" -H 'content-type: application/json' -d '{"product_id":"1","quantity":2}' ${at}/orders

In a browser, with the key filled in:

  ${at}/docs#key=${key}

The other tenants' keys are in ${file}, which only you can read; for a new one: npx atrium keys create ${chosen.slug} --name mine
The functions' logs are in ${relative('', data.path)}/functions.log. Stop with Ctrl-C.`)
}

function sayOfHttps(port: number, file: string, say: (text: string) => void): void {
  const at = (name: string) =>
    `curl --cacert ${relative('', file)} --resolve ${name}:${port}:127.0.0.1 https://${name}:${port}`
  say(`
HTTPS is at port ${port}, by an authority of this machine's own. A name of a tenant's, under .test here:

  npx atrium domains add germany shop.germany.test
  ${at('shop.germany.test')}/products -H "authorization: Bearer $KEY"`)
}

/** Settles at the first SIGINT or SIGTERM. Those that follow find us at it already, and must not cut it short. */
function untilStopped(say: (text: string) => void): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM']) {
      process.on(signal, () => {
        say('\nStopping …')
        resolve()
      })
    }
  })
}
