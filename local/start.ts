import { once } from 'node:events'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CommandError, runCommand } from './command-line.ts'
import { type DataFolder, defaultDataFolder, isAlive, openDataFolder } from './data-folder.ts'
import { readInvoiceLines } from './demo/invoice-lines.ts'
import { listDemoTenants } from './demo/list-demo-tenants.ts'
import { type LoadReport, loadInvoices } from './demo/load-invoices.ts'
import { printReport } from './demo/print-report.ts'
import { type GatewayPort, openGatewayPort } from './gateway/gateway.ts'
import { type LocalStage, startLocalStage } from './local-stage.ts'
import { removeCluster } from './postgres/cluster.ts'
import { createProgress, formatTable } from './terminal.ts'

const help = `Serves the API on this machine: npm start -- [options]

Starts an embedded PostgreSQL, synthesises the app and serves its routes. The first start loads 10,000 real
invoice lines through the API. Stop it with Ctrl-C; the data is kept for the next start.

Options:
  --port PORT    the port on localhost (default: $PORT, or 3000)
  --data FOLDER  where database, logs and state are kept (default: .atrium)
  --no-demo      load no demo data
  --json         print one line of JSON when ready, instead of text
  --help         show this

Example:
  npm start -- --port 8080`

const options = {
  port: { type: 'string' },
  data: { type: 'string', default: defaultDataFolder },
  'no-demo': { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean' },
} as const

const demoFile = fileURLToPath(new URL('./demo/online-retail.csv', import.meta.url))

await runCommand({ help, options }, async ({ values }) => {
  const say = values.json ? () => undefined : (text: string) => console.log(text)
  const stopping = untilStopped()
  const data = openDataFolder(values.data)
  refuseSecondStart(data)
  const gateway = await takePort(readPort(values.port ?? process.env.PORT ?? '3000'))
  const url = `http://localhost:${gateway.port}`
  let stage: LocalStage | undefined
  try {
    say('Starting PostgreSQL and synthesising the app …')
    await discardUnfinishedDemo(data, say)
    stage = await startLocalStage({
      data,
      outputFolder: join(data.path, 'cdk.out'),
      gateway,
      onFunctionError: (id, error) => console.error(`${id}: ${error.errorType}: ${error.errorMessage}`),
    })
    data.writeRunning({ pid: process.pid, url, secretsUrl: stage.secretsUrl, accessKeyId: stage.accessKeyId })
    if (!values['no-demo'] && data.readDemo() === 'none') {
      const report = await Promise.race([loadDemo(data, url, stage), stopping])
      if (report !== undefined) printReport(report, say)
    }
    await announce(url, stage, data, values.json)
    await stopping
    say('\nStopping …')
  } finally {
    await gateway.close()
    await stage?.stop()
    data.writeRunning(undefined)
  }
})

function readPort(text: string): number {
  const port = Number(text)
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port
  throw new CommandError(`the port must be a number from 0 to 65535, not "${text}"`)
}

function refuseSecondStart(data: DataFolder): void {
  const running = data.readRunning()
  if (running === undefined || !isAlive(running.pid)) return
  throw new CommandError(`Atrium is running on this data already, at ${running.url} (process ${running.pid})`)
}

async function takePort(port: number): Promise<GatewayPort> {
  try {
    return await openGatewayPort(port)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') {
      throw new CommandError(`port ${port} is in use: choose another with --port`)
    }
    throw error
  }
}

/** A first load that was cut short cannot be told from orders that were placed twice: it begins anew. */
async function discardUnfinishedDemo(data: DataFolder, say: (text: string) => void): Promise<void> {
  if (data.readDemo() !== 'loading') return
  say('The demo data were not loaded to the end last time: starting over with an empty database.')
  await removeCluster(data.path)
  data.writeDemo('none')
}

async function loadDemo(data: DataFolder, url: string, stage: LocalStage): Promise<LoadReport> {
  const lines = await readInvoiceLines(demoFile)
  const progress = createProgress('Loading real orders through the API', lines.length)
  data.writeDemo('loading')
  const report = await loadInvoices(lines, { url, control: stage.control, onLine: () => progress.advance() })
  progress.done()
  data.writeDemo('loaded')
  return report
}

async function announce(url: string, stage: LocalStage, data: DataFolder, json: boolean): Promise<void> {
  const tenants = await listDemoTenants(stage.control, url)
  if (json) {
    console.log(JSON.stringify({ url, tenants }))
    return
  }
  const [first] = tenants
  const slug = tenants.find((tenant) => tenant.slug === 'germany')?.slug ?? first?.slug ?? 'TENANT'
  console.log(`
${formatTable(tenants.map(({ name, url }) => ({ tenant: name, url })))}

Atrium serves ${tenants.length} tenants at ${url}. Try:

  curl '${url.replace('localhost', `${slug}.localhost`)}/products?limit=3'
  curl -H 'x-tenant: ${slug}' '${url}/orders?limit=3'
  curl -H 'x-tenant: ${slug}' -H 'content-type: application/json' -d '{"product_id":"1","quantity":2}' ${url}/orders

The functions' logs are in ${relative('', data.path)}/functions.log. Stop with Ctrl-C.`)
}

/** Settles at the first SIGINT or SIGTERM. */
async function untilStopped(): Promise<undefined> {
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
  return undefined
}
