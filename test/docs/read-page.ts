import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { projectFolder } from '../support/project-folder.ts'

/** Every page, as a path of the project. */
export const pages: readonly string[] = [
  ...['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'local/demo/README.md'],
  ...readdirSync(join(projectFolder, 'docs')).map((name) => `docs/${name}`),
]

export const readPage = (page: string): string => readFileSync(join(projectFolder, page), 'utf8')

/** What a page has its reader do, in order. */
export type Step = Command | WrittenFile | Change

export interface Command {
  readonly kind: 'command'
  readonly command: string
  /** What the page shows of its output; undefined where it shows none. */
  readonly output: string | undefined
  /** What must be there besides this machine, by the block's first line: `# needs AWS`. */
  readonly needs: string | undefined
  readonly line: number
}

/** A file to be made: its path in backquotes, and a colon, end the paragraph before the block. */
export interface WrittenFile {
  readonly kind: 'file'
  readonly path: string
  readonly text: string
}

/** Lines to be added to such a file, behind those that they follow. */
export interface Change {
  readonly kind: 'change'
  readonly path: string
  readonly lines: readonly string[]
}

export interface Block {
  readonly language: string
  readonly lines: readonly string[]
  /** The paragraph before it. */
  readonly before: string
  /** That of its fence, from 1. */
  readonly line: number
}

export function blocksOf(text: string): Block[] {
  const blocks: Block[] = []
  const lines = text.split('\n')
  for (let at = 0; at < lines.length; at += 1) {
    // One in a list is indented with it.
    const [, indent = '', language] = /^( *)```(\w*)$/.exec(lines[at] ?? '') ?? []
    if (language === undefined) continue
    const end = lines.indexOf(`${indent}\`\`\``, at + 1)
    const before = lines.slice(0, at).join('\n').trimEnd().split('\n\n').at(-1) ?? ''
    const inside = lines.slice(at + 1, end).map((line) => line.slice(indent.length))
    blocks.push({ language, lines: inside, before, line: at + 1 })
    at = end
  }
  return blocks
}

/** The steps of a page. `console` blocks have commands behind `$` and what they print, `sh` blocks commands alone. */
export function stepsOf(text: string): Step[] {
  return blocksOf(text).flatMap((block): Step[] => {
    if (block.language === 'console' || block.language === 'sh') return commandsOf(block)
    const path = /`([\w./-]+\.(?:ts|sql))`[^`]*:$/.exec(block.before)?.[1]
    if (path === undefined && block.language === 'diff') throw new Error(`line ${block.line}: a change of which file?`)
    if (path === undefined) return []
    if (block.language === 'diff') return [{ kind: 'change', path, lines: block.lines }]
    if (block.language !== 'ts' && block.language !== 'sql') return []
    return [{ kind: 'file', path, text: `${block.lines.join('\n')}\n` }]
  })
}

function commandsOf({ language, lines, line }: Block): Command[] {
  const needs = /^# needs (.+)$/.exec(lines[0] ?? '')?.[1]
  const found: { command: string; output: string[]; line: number }[] = []
  let goesOn = false
  for (const [at, text] of lines.entries()) {
    const last = found.at(-1)
    const begun = language === 'console' ? /^\$ (.*)$/.exec(text)?.[1] : /^([^#\s].*)$/.exec(text)?.[1]
    const isCommand: boolean = goesOn || begun !== undefined
    if (goesOn && last !== undefined) last.command += `\n${text}`
    else if (begun !== undefined) found.push({ command: begun, output: [], line: line + 1 + at })
    else last?.output.push(text)
    goesOn = isCommand && text.endsWith('\\')
  }
  return found.map(({ command, output, line: at }) => ({
    ...{ kind: 'command', command: command.replace(/ +# .*$/, ''), needs, line: at },
    output: language === 'console' ? output.join('\n').trimEnd() : undefined,
  }))
}

/** The commands that a page names in passing. */
export function inlineCommandsOf(text: string): string[] {
  const prose = text.replace(/^ *```[\s\S]*?^ *```/gm, '')
  return [...prose.matchAll(/`((?:npx|npm|atrium|cdk|aws|sam|curl) [^`]+)`/g)].map(([, command = '']) => command)
}
