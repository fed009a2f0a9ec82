import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import * as z from 'zod'
import type { MigrationKind } from '../shared/db/migrations.ts'
import { codeVersion } from '../shared/release.ts'

export interface Finding {
  readonly file: string
  readonly line: number
  readonly rule: string
  readonly message: string
}

/** squawk's rules that do not fit here, each for a reason. */
const excluded: Readonly<Record<string, readonly MigrationKind[]>> = {
  // The runner sets both for every statement.
  'require-lock-timeout': ['catalog', 'placement', 'tenant'],
  'require-statement-timeout': ['catalog', 'placement', 'tenant'],
  // Ids are bigint; quantities and versions are not ids.
  'prefer-bigint-over-int': ['catalog', 'placement', 'tenant'],
  // A row a tenant at most: checking or indexing them takes a moment.
  'constraint-missing-not-valid': ['catalog', 'placement'],
  'require-concurrent-index-creation': ['catalog', 'placement'],
}

const kinds = ['catalog', 'placement', 'tenant'] as const
export const migrationsFolder = fileURLToPath(new URL('../shared/db/migrations/', import.meta.url))

const report = z.array(z.object({ file: z.string(), line: z.int(), rule_name: z.string(), message: z.string() }))

/** What is wrong with the migrations in a folder, by squawk and by rules of our own. Throws when squawk cannot run. */
export async function lintMigrations(folder: string = migrationsFolder): Promise<Finding[]> {
  const findings = await Promise.all(
    kinds.map(async (kind) => {
      const names = (await readdir(join(folder, kind))).filter((name) => name.endsWith('.sql')).sort()
      const files = names.map((name) => join(folder, kind, name))
      const own = kind === 'tenant' ? (await Promise.all(files.map(lintTenantMigration))).flat() : []
      return [...(await runSquawk(kind, files)), ...own]
    }),
  )
  return findings.flat().map((finding) => ({ ...finding, file: finding.file.slice(folder.length).replace(/^\//, '') }))
}

async function runSquawk(kind: MigrationKind, files: readonly string[]): Promise<Finding[]> {
  if (files.length === 0) return []
  const exclude = Object.entries(excluded).flatMap(([rule, of]) => (of.includes(kind) ? [`--exclude=${rule}`] : []))
  const args = ['--assume-in-transaction', '--pg-version=16', '--reporter=json', ...exclude, ...files]
  const squawk = createRequire(import.meta.url).resolve('squawk-cli/js/bin/squawk')
  // It ends with 1 when it has found something, and prints it all the same.
  const { stdout } = await promisify(execFile)(process.execPath, [squawk, ...args]).catch((error) => {
    if (typeof error.stdout === 'string' && error.stdout !== '') return error
    throw new Error(`squawk in ${dirname(squawk)} could not run`, { cause: error })
  })
  return report
    .parse(JSON.parse(stdout))
    .map(({ file, line, rule_name, message }) => ({ file, line: line + 1, rule: rule_name, message }))
}

/** What only we know: a tenant's migration runs in whatever schema is first in the path. */
async function lintTenantMigration(file: string): Promise<Finding[]> {
  const sql = await readFile(file, 'utf8')
  const marked = (mark: string) => new RegExp(`^-- atrium: ${mark}$`, 'm').test(sql)
  const contractFrom = /^-- atrium: contract from code (\d+)$/m.exec(sql)?.[1]
  const bare = withoutTexts(sql)
  const find = (rule: string, message: string, pattern: RegExp) =>
    [...bare.matchAll(pattern)].map((match) => ({ file, line: lineOf(bare, match.index), rule, message }))

  const findings = [
    ...find(
      'no-schema',
      "name tables without a schema: the tenant's is first in the path",
      /(?<=\b(?:FROM|JOIN|INTO|UPDATE|TABLE|EXISTS|ON|ONLY|REFERENCES|INDEX|SEQUENCE|VIEW|TRUNCATE)\s+)"?(?!atrium\.|pg_catalog\.)[a-z_]\w*"?\."?[a-z_]\w*/gi,
    ),
    // A statement begins after a semicolon; within UPDATE and ALTER the word is another one.
    ...find('no-set', 'SET would outlive or undo what the runner has set', /(?<=^|;)\s*(?:SET|RESET)\b/gi),
    ...find('no-set', 'set_config would undo what the runner has set', /\bset_config\s*\(/gi),
    ...(contractFrom !== undefined
      ? []
      : find(
          'no-drop',
          'older code may still use it: drop it in a later release, in a file that says "-- atrium: contract from code N", N being the first code version that does without',
          /\b(?:DROP(?!\s+(?:CONSTRAINT|DEFAULT|NOT\s+NULL|INDEX|EXPRESSION|IDENTITY)\b)|RENAME)\b/gi,
        )),
  ]
  if (contractFrom !== undefined && Number(contractFrom) > codeVersion) {
    const message = `there is no code version ${contractFrom} yet: shared/release.ts says ${codeVersion}`
    findings.push({ file, line: 1, rule: 'contract-code', message })
  }
  for (const match of bare.matchAll(/\bCREATE\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?"?(\w+)"?/gi)) {
    if (new RegExp(`atrium\\.grant_table\\('${match[1]}'\\)`).test(sql)) continue
    findings.push({
      ...{ file, line: lineOf(bare, match.index), rule: 'grant-table' },
      message: `the tenant's role cannot use it without SELECT atrium.grant_table('${match[1]}')`,
    })
  }
  if (marked('outside a transaction')) {
    const statements = bare.split(';').filter((statement) => statement.trim() !== '')
    if (statements.length !== 1 || !/IF\s+NOT\s+EXISTS/i.test(bare)) {
      const message = 'what runs outside a transaction is one statement that can be run again: IF NOT EXISTS'
      findings.push({ file, line: 1, rule: 'one-repeatable-statement', message })
    }
  }
  return findings
}

/** The SQL with comments and literals blanked, so that no word in them is taken for a statement. */
function withoutTexts(sql: string): string {
  return sql.replace(/--[^\n]*|\/\*[\s\S]*?\*\/|'(?:[^']|'')*'/g, (text) => text.replace(/[^\n]/g, ' '))
}

function lineOf(text: string, index: number): number {
  const before = text.slice(0, index)
  // A match may begin with the white space before it.
  const skipped = /^\s*/.exec(text.slice(index))?.[0] ?? ''
  return (before + skipped).split('\n').length
}
