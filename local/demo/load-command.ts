import { CommandError, runCommand } from '../command-line.ts'
import { defaultDataFolder, openKeyRing, readRunning } from '../data-folder.ts'
import { connectControlPlane } from '../local-stage.ts'
import { createProgress } from '../terminal.ts'
import { readInvoiceLines } from './invoice-lines.ts'
import { loadInvoices } from './load-invoices.ts'
import { printReport } from './print-report.ts'

const help = `Loads invoice lines into the running local API: npm run demo:load -- FILE [options]

FILE is a CSV file with the columns of local/demo/online-retail.csv. Its countries become tenants where they are
missing, its stock codes products, its lines orders. Start the API first, with npm start.

Options:
  --data FOLDER  the data folder that the API was started with (default: .atrium)
  --json         print the report as JSON
  --help         show this

Example:
  npm run demo:load -- local/demo/online-retail.csv`

const options = {
  data: { type: 'string', default: defaultDataFolder },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean' },
} as const

await runCommand({ help, options }, async ({ values, positionals }) => {
  const [file, ...surplus] = positionals
  if (file === undefined || surplus.length > 0) throw new CommandError('name one FILE to load; see --help')
  const running = await readRunning(values.data)
  if (running === undefined) {
    throw new CommandError('the API is not running on this machine: start it with npm start')
  }
  const lines = await readInvoiceLines(file).catch((error: Error) => {
    throw new CommandError(error.message)
  })
  const control = connectControlPlane(running)
  const progress = createProgress(`Loading ${file} through the API`, lines.length)
  try {
    const report = await loadInvoices(lines, {
      url: running.url,
      control,
      keys: openKeyRing(values.data),
      resume: false,
      onLine: () => progress.advance(),
    })
    progress.done()
    if (values.json) console.log(JSON.stringify(report))
    else printReport(report, console.log)
  } finally {
    await control.pools.end()
  }
})
