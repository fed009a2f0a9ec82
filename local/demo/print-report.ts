import { formatTable } from '../terminal.ts'
import type { LoadReport } from './load-invoices.ts'

/** Says what became of a file: what was loaded for whom, and what the API refused, by reason. */
export function printReport(report: LoadReport, say: (text: string) => void): void {
  const figure = (value: number) => value.toLocaleString('en')
  const rows = report.tenants.map(({ name, products, orders, total }) => ({
    ...{ tenant: name, products: figure(products), orders: figure(orders), total },
  }))
  say(formatTable(rows, ['products', 'orders', 'total']))
  const refusedLines = report.refused.reduce((sum, { lines }) => sum + lines, 0)
  say(
    `\n${figure(report.loaded)} orders loaded + ${figure(refusedLines)} lines refused = ${figure(report.lines)} lines`,
  )
  for (const { reason, lines } of report.refused) say(`  ${figure(lines).padStart(6)}  ${reason}`)
  say("Each tenant's orders sum to the same total over the API as in the file.\n")
}
