import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readInvoiceLines } from '../../../local/demo/invoice-lines.ts'
import { slugOf } from '../../../local/demo/load-invoices.ts'
import { fromPence, toPence } from '../../../local/demo/money.ts'

const header = 'invoice_no,stock_code,description,quantity,invoice_date,unit_price,customer_id,country'
let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'atrium-demo-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function file(content: string): string {
  const path = join(folder, 'lines.csv')
  writeFileSync(path, content)
  return path
}

describe('readInvoiceLines', () => {
  it('reads quoted fields, and lines that the API will refuse', async () => {
    const lines = await readInvoiceLines(file(`${header}\nC1,22,"A ""B"", C",-2,2010-12-01T08:26:00Z,0.00,,EIRE\n`))
    expect(lines).toMatchObject([{ stock_code: '22', description: 'A "B", C', quantity: '-2', country: 'EIRE' }])
  })

  it.each([
    ['lacks a column', `${header.replace(',country', '')}\n1,2,x,1,2010-12-01T08:26:00Z,1,5\n`, 'column "country"'],
    ['has a word for a number', `${header}\n1,2,x,many,2010-12-01T08:26:00Z,1,5,EIRE\n`, 'column "quantity"'],
    ['has a line of fewer fields', `${header}\n1,2,x\n`, 'Invalid Record Length'],
  ])('refuses a file that %s, saying where', async (_, content, reason) => {
    await expect(readInvoiceLines(file(content))).rejects.toThrow(reason)
  })
})

it('sums money exactly', () => {
  expect(['0', '2.5', '2.55', '-1.00', '9999999999.99'].map(toPence)).toEqual([0n, 250n, 255n, -100n, 999999999999n])
  expect([0n, 5n, 255n, -100n].map(fromPence)).toEqual(['0.00', '0.05', '2.55', '-1.00'])
  expect(() => toPence('1.005')).toThrow(RangeError)
})

it.each([
  ['United Kingdom', 'united-kingdom'],
  ['EIRE', 'eire'],
  [' Côte d’Ivoire ', 'c-te-d-ivoire'],
])('makes of %s the slug %s', (country, slug) => {
  expect(slugOf(country)).toBe(slug)
})
