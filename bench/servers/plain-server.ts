/** What the same list costs without tenancy, authentication, validation or a gateway: Node's own http, and a pool of pg's. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import pg from 'pg'

const pool = new pg.Pool({
  ...JSON.parse(process.env.CONNECTION ?? ''),
  max: 10,
  options: `-c role=${process.env.SCHEMA}`, // the shop's own role, from the beginning of a connection
})
const schema = pg.escapeIdentifier(process.env.SCHEMA ?? '')

const server = createServer(async (request, response) => {
  const limit = Number(new URL(request.url ?? '/', 'http://localhost').searchParams.get('limit'))
  const { rows } = await pool.query(
    `SELECT id, name, description, price, created_at FROM ${schema}.products ORDER BY id LIMIT $1`,
    [limit],
  )
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ items: rows }))
})
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))
