/** What differs from one run to the next. */
const volatile: readonly (readonly [RegExp, string])[] = [
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g, 'TIME'],
  [/(\bt_[a-z0-9_]+)_[0-9a-f]{8}\b/g, '$1_HEX'],
  [/\b[0-9a-f]{40}\b|\b_[0-9a-f]{8}\b/g, 'HEX'],
  [/\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, 'UUID'],
  [/(:user)\/[\w-]+/g, '$1/NAME'],
  [/\b\d+(?:\.\d+)? (ms|s|MB|MiB|bytes)\b/g, 'N $1'],
  [/ +/g, ' '],
]

/** An id of a page, told from a word by its digit. What stands for it may be of letters alone: one key's id in twelve is. */
const id = /\b(?=[a-z]*\d)[a-z0-9]{12}\b/

function normalise(line: string): string {
  return volatile.reduce((settled, [pattern, name]) => settled.replace(pattern, name), line).trimEnd()
}

/**
 * Whether an output is the one that a page shows, but for times, keys, ids and the width of columns. In the page `…` stands
 * for anything, and alone on a line for any lines.
 */
export function isSameOutput(shown: string, printed: string): boolean {
  const lines = shown.split('\n').map((line) => (line.trim() === '…' ? '(?:.*\\n)*?' : `${patternOf(line)}\\n`))
  return new RegExp(`^${lines.join('')}$`).test(`${printed.trim().split('\n').map(normalise).join('\n')}\n`)
}

function patternOf(shownLine: string): string {
  const withAnyId = (part: string) => part.split(id).map(literally).join('[a-z0-9]{12}')
  return normalise(shownLine).split('…').map(withAnyId).join('.*')
}

function literally(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
