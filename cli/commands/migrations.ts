import { CommandError } from '../../local/command-line.ts'
import { type Command, takeArguments } from '../command.ts'
import { lintMigrations } from '../lint-migrations.ts'

export const migrationCommands: readonly Command[] = [
  {
    name: 'migrations lint',
    usage: '',
    summary: 'Checks the migration files: squawk, and what a tenant migration must not do. Speaks to nobody.',
    example: 'atrium migrations lint',
    async run(call) {
      takeArguments(call)
      const findings = await lintMigrations()
      if (call.json) console.log(JSON.stringify(findings))
      if (findings.length === 0) {
        if (!call.json) console.log('The migrations are fine.')
        return
      }
      const lines = findings.map(({ file, line, rule, message }) => `\n  ${file}:${line} ${rule}: ${message}`)
      throw new CommandError(`${findings.length} findings:${lines.join('')}`)
    },
  },
]
