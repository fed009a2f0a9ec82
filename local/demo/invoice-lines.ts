import { createReadStream } from 'node:fs'
import { parse } from 'csv-parse'
import * as z from 'zod'

const columns = {
  invoice_no: z.string(),
  stock_code: z.string().min(1),
  description: z.string(),
  quantity: z.string().regex(/^-?\d+$/),
  invoice_date: z.string(),
  unit_price: z.string().regex(/^-?\d+(\.\d+)?$/),
  customer_id: z.string(),
  country: z.string().min(1),
}

const invoiceLine = z.object(columns)

/** A line of an invoice as the file has it; the API decides whether it can be an order. */
export type InvoiceLine = z.output<typeof invoiceLine>

/**
 * Reads a CSV file with the columns of `online-retail.csv`. Throws, naming the line, when a column is missing or holds
 * something else than it should; nothing has been loaded by then.
 */
export async function readInvoiceLines(file: string): Promise<InvoiceLine[]> {
  const lines: InvoiceLine[] = []
  const records = createReadStream(file).pipe(parse({ columns: true, bom: true, info: true }))
  for await (const { record, info } of records) {
    const line = invoiceLine.safeParse(record)
    if (!line.success) {
      const [issue] = line.error.issues
      throw new Error(
        `${file}, line ${info.lines}: column "${issue?.path.join('.')}": ${issue?.message}. Expected the columns ${Object.keys(columns).join(', ')}`,
      )
    }
    lines.push(line.data)
  }
  return lines
}
