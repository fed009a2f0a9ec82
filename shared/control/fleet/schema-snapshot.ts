import type pg from 'pg'

/** One thing in a schema that can be as it should be, or not. */
export interface SchemaObject {
  /** `table products`, `column products.price`, `index products_name_idx`, … */
  readonly name: string
  /** Its definition, the schema's and its role's name replaced by `tenant`. */
  readonly definition: string
}

/** Everything of a schema that a migration can make: tables, columns, indexes, constraints, owner and grants. */
const snapshot = `
  WITH s AS (SELECT oid, nspname, nspowner, nspacl FROM pg_namespace WHERE nspname = ANY ($1)),
  r AS (SELECT c.*, s.nspname FROM pg_class c JOIN s ON s.oid = c.relnamespace),
  objects AS (
    SELECT nspname, 'schema' AS name, concat('owner ', pg_get_userbyid(nspowner), ', ', nspacl) AS definition FROM s
    UNION ALL
    SELECT nspname, concat(CASE relkind WHEN 'r' THEN 'table' WHEN 'S' THEN 'sequence' WHEN 'v' THEN 'view' ELSE 'relation' END,
      ' ', relname), concat('owner ', pg_get_userbyid(relowner)) FROM r WHERE relkind NOT IN ('i', 'I')
    UNION ALL
    SELECT nspname, concat('grants on ', relname), (SELECT string_agg(acl::text, ' ' ORDER BY acl::text) FROM unnest(relacl) acl)
      FROM r WHERE relkind NOT IN ('i', 'I')
    UNION ALL
    SELECT r.nspname, concat('column ', r.relname, '.', a.attname),
      concat_ws(' ', format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN 'not null' END,
        CASE a.attidentity WHEN 'a' THEN 'identity always' WHEN 'd' THEN 'identity by default' END,
        CASE WHEN a.attgenerated <> '' THEN 'generated' WHEN d.oid IS NOT NULL THEN 'default' END, pg_get_expr(d.adbin, d.adrelid))
      FROM r JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
      LEFT JOIN pg_attrdef d ON d.adrelid = r.oid AND d.adnum = a.attnum WHERE r.relkind IN ('r', 'v')
    UNION ALL
    SELECT r.nspname, concat('index ', r.relname), concat(pg_get_indexdef(r.oid), CASE WHEN NOT i.indisvalid THEN ' (invalid)' END)
      FROM r JOIN pg_index i ON i.indexrelid = r.oid
      WHERE NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = r.oid AND k.contype IN ('p', 'u', 'x'))
    UNION ALL
    SELECT r.nspname, concat('constraint ', r.relname, '.', k.conname), pg_get_constraintdef(k.oid)
      FROM r JOIN pg_constraint k ON k.conrelid = r.oid WHERE k.contype <> 'n'
  )
  SELECT nspname AS schema, replace(name, nspname, 'tenant') AS name, replace(definition, nspname, 'tenant') AS definition
  FROM objects`

/** Reads what is in schemas, by schema. */
export async function readSnapshots(
  client: pg.ClientBase,
  schemas: readonly string[],
): Promise<Map<string, ReadonlyMap<string, string>>> {
  const { rows } = await client.query<SchemaObject & { schema: string }>(snapshot, [schemas])
  return new Map(
    [...Map.groupBy(rows, ({ schema }) => schema)].map(([schema, objects]) => [
      schema,
      new Map(objects.map(({ name, definition }) => [name, definition])),
    ]),
  )
}

/** The differences of a schema from what it should be, in words. */
export function describeDifferences(
  expected: ReadonlyMap<string, string>,
  found: ReadonlyMap<string, string>,
): string[] {
  const differences: string[] = []
  for (const [name, definition] of expected) {
    const other = found.get(name)
    if (other === undefined) differences.push(`${name} is missing (${definition})`)
    else if (other !== definition) differences.push(`${name} is "${other}", not "${definition}"`)
  }
  for (const name of found.keys()) if (!expected.has(name)) differences.push(`${name} is too much`)
  return differences.sort()
}
