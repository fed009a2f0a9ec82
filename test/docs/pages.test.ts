import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, expect, it } from 'vitest'
import { projectFolder } from '../support/project-folder.ts'
import { followed, ranElsewhere } from './follow-page.ts'
import { blocksOf, inlineCommandsOf, pages, readPage, stepsOf } from './read-page.ts'
import { isRunSomewhere } from './run-somewhere.ts'

/** Headings as GitHub names them in links. */
function anchorsOf(page: string): string[] {
  const text = readPage(page).replace(/^```[\s\S]*?^```/gm, '')
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\w\s-]/g, '')
      .trim()
      .replaceAll(' ', '-'),
  )
}

it.each(pages)('every link of %s leads somewhere', (page) => {
  const links = [...readPage(page).matchAll(/\]\((?!https?:)([^)]+)\)/g)].map(([, link = '']) => link)
  const dead = links.filter((link) => {
    const [path = '', anchor] = link.split('#')
    const target = path === '' ? page : relative(projectFolder, join(projectFolder, dirname(page), path))
    if (path.startsWith('/') || !existsSync(join(projectFolder, target))) return true
    return anchor !== undefined && !anchorsOf(target).includes(anchor)
  })
  expect(dead).toEqual([])
})

it('what the documentation calls tests are there, or made by the page', () => {
  const named = pages.flatMap((page) =>
    [...readPage(page).matchAll(/`(test\/[\w./-]+\.ts)`/g)].map(([, path = '']) => path),
  )
  const made = new Set(
    pages.flatMap((page) => stepsOf(readPage(page)).map((step) => step.kind === 'file' && step.path)),
  )
  expect(named.length).toBeGreaterThan(10)
  expect(named.filter((path) => !existsSync(join(projectFolder, path)) && !made.has(path))).toEqual([])
})

describe('every command', () => {
  const commands = pages.flatMap((page) =>
    stepsOf(readPage(page)).flatMap((step) => (step.kind === 'command' ? [{ page, ...step }] : [])),
  )

  it('stands in a block that says so', () => {
    const looksLikeOne = /^(?:\$ |(?:npm|npx|atrium|cdk|aws|sam|curl) |export [A-Z])/
    const others = pages.flatMap((page) =>
      blocksOf(readPage(page))
        .filter(({ language }) => language !== 'console' && language !== 'sh')
        .flatMap(({ lines, line }) =>
          lines.filter((text) => looksLikeOne.test(text)).map((text) => `${page}:${line} ${text}`),
        ),
    )
    expect(others).toEqual([])
  })

  it('in a block is run as it stands there, or is marked with what it needs besides this machine', () => {
    const neither = commands.filter(
      ({ page, command, needs }) => needs === undefined && !followed.includes(page) && !ranElsewhere.has(command),
    )
    expect(neither.map(({ page, line, command }) => `${page}:${line} ${command}`)).toEqual([])
    const needed = new Set(commands.flatMap(({ needs }) => needs ?? []))
    expect([...needed].toSorted()).toEqual(['AWS', 'SAM CLI'])
    for (const [command, file] of ranElsewhere) {
      const runs = readFileSync(join(projectFolder, file), 'utf8')
      for (const each of command.split(' && ')) expect(runs).toContain(each)
    }
  })

  it('that is named in passing is run somewhere, or cannot be without AWS or SAM CLI', () => {
    const idle = pages.flatMap((page) =>
      inlineCommandsOf(readPage(page))
        .flatMap((text) => text.split(' && '))
        .filter((command) => !isRunSomewhere(command))
        .map((command) => `${page}: ${command}`),
    )
    expect(idle).toEqual([])
  })
})
