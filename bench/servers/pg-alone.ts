/** The floor of a cold start: a function that loads pg, connects, and asks one thing. */
import pg from 'pg'

export async function handler() {
  const client = new pg.Client(JSON.parse(process.env.FLOOR ?? ''))
  await client.connect()
  const { rows } = await client.query('SELECT 1 AS one')
  return { statusCode: 200, body: JSON.stringify(rows) }
}
