import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { projectFolder } from '../test/support/project-folder.ts'
import { isMet, type Measured } from './bench.ts'
import type { Results } from './run-bench.ts'

const [width, labels, rowHeight, top] = [820, 390, 26, 46]
const colours = { met: '#2f7d4f', missed: '#b3402e', floor: '#8a8f98', text: '#3b4048' }

/** Draws what has a floor, a chart a bench: how much longer or less than the floor, which is 1. */
export function plotResults(results: Results): void {
  const folder = join(projectFolder, 'bench/charts')
  mkdirSync(folder, { recursive: true })
  for (const [bench, { measured }] of Object.entries(results)) {
    const rows = measured.filter(({ ratio }) => ratio !== null)
    if (rows.length > 0) writeFileSync(join(folder, `${bench}.svg`), draw(bench, rows))
  }
}

function draw(bench: string, rows: readonly Measured[]): string {
  const height = top + rows.length * rowHeight + 16
  const longest = Math.max(1.2, ...rows.flatMap(({ ratio, goal }) => [ratio ?? 0, goal?.value ?? 0]))
  const ownFloors = new Set(rows.map(({ floor }) => floor)).size > 1
  const labelOf = ({ measure, floor }: Measured) => (ownFloors ? `${measure} / ${floor}` : measure)
  const x = (value: number) => labels + (value / longest) * (width - labels - 70)
  const bars = rows.map((row, at) => {
    const y = top + at * rowHeight
    const ratio = row.ratio ?? 0
    const colour = isMet(row) === false ? colours.missed : colours.met
    const goal =
      row.goal === null
        ? ''
        : `<line x1="${x(row.goal.value)}" x2="${x(row.goal.value)}" y1="${y - 2}" y2="${y + 18}" stroke="${colours.text}" stroke-dasharray="3 2"/>`
    return `<text x="${labels - 10}" y="${y + 12}" text-anchor="end">${toXml(labelOf(row))}</text>
<rect x="${labels}" y="${y}" width="${(x(ratio) - labels).toFixed(1)}" height="16" fill="${colour}" rx="2"/>
${goal}<text x="${(x(Math.max(ratio, row.goal?.value ?? 0)) + 8).toFixed(1)}" y="${y + 12}">${ratio.toFixed(2)}</text>`
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="12" fill="${colours.text}">
<title>${toXml(bench)} as a multiple of its floor</title>
<rect width="${width}" height="${height}" fill="#ffffff"/>
<text x="${labels}" y="20" font-weight="600">${toXml(bench)}, as a multiple of the floor (dashed: the goal)</text>
<line x1="${x(1)}" x2="${x(1)}" y1="${top - 10}" y2="${height - 8}" stroke="${colours.floor}"/>
${bars.join('\n')}
</svg>
`
}

function toXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}
